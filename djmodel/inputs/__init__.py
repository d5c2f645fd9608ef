"""Files -> tunes: MIDI, MusicXML, ABC and Humdrum."""
