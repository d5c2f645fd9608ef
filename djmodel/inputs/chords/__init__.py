"""Chords of a tune from its notes: recognized, or made up for a lone melody."""
