"""Suffixes of the files that a tune is written to."""

from seqmodel.files import PICTURE_SUFFIXES

MIDI = (".mid", ".midi")
SOUND = (".wav", ".mp3")
PICTURE = PICTURE_SUFFIXES
MUSICXML = (".musicxml", ".xml")
PAGE = (".html", ".htm")
SCORE = (*PICTURE, *MUSICXML)  # a lead sheet, as a drawing or as notation
ALL = MIDI + SOUND + PICTURE + MUSICXML + PAGE
