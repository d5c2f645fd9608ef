"""Tunes <-> sequences of values, in memory and on disk."""
