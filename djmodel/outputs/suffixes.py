"""The kinds of files that a tune is written as, by the endings of their names."""

MIDI = (".mid", ".midi")
SOUND = (".wav", ".mp3")
PICTURE = (".png", ".svg")
NOTES = (".musicxml", ".xml")
PAGE = (".html", ".htm")
ALL = MIDI + SOUND + PICTURE + NOTES + PAGE
SCORE = (*PICTURE, *NOTES)  # a lead sheet, drawn or as notes
