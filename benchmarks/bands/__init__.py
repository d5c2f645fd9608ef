"""Band files with known melody and chords: how well both are found in them."""
