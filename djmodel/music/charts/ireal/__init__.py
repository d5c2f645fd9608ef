"""iReal Pro: links, playlists and charts, read and written.

A link has songs, a song has a header and its music, a string of signs that are placed in cells. The
modules follow that order: `links` (text to songs and back), `scramble` (the music of a song as
exported), `signs` (music to signs), `cells` (places of chords in a bar), `qualities` (chords),
`reader` and `repeats` (signs to a written chart), `writer` (the inverse) and `songs` (charts with
their headers).

The app's makers publish the signs ("Custom chord chart protocol") but not the scrambled links,
which several open-source readers describe.
"""
