"""Tunes as notation: MusicXML, engraved lead sheets and printed parts."""
