"""Shared helpers: tunes, MIDI files and models written out by hand, and broken ones."""
