"""Music as data: tunes, chords, keys, changes and accompaniments. No files, no models."""
