"""Tunes -> files: MIDI, sound, piano rolls, lead sheets and pages."""
