"""MusicXML: text -> written bars -> the score as it is played."""
