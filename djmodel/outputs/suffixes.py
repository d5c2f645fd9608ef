"""Suffixes of the files that a tune is written to."""

from seqmodel.files import PICTURE_SUFFIXES

MIDI = (".mid", ".midi")
SOUND = (".wav", ".mp3")
PICTURE = PICTURE_SUFFIXES
PDF = (".pdf",)
MUSICXML = (".musicxml", ".xml")
PAGE = (".html", ".htm")
SCORE = (*PDF, *PICTURE, *MUSICXML)  # a sheet, printed, drawn or as notation
ALL = MIDI + SOUND + PICTURE + PDF + MUSICXML + PAGE
