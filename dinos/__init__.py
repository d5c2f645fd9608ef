"""Invents names, one character at a time."""
