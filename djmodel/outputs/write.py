"""Files of any kind from a tune; the suffix of the name says which.

A writer is imported when its kind of file is written: many bring large packages along.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from djmodel.music.charts.chart import Chart, chart_of
from djmodel.music.instruments import PartKey
from djmodel.music.tune import Tune
from djmodel.outputs import suffixes
from djmodel.outputs.performance.perform import Performance, as_performance
from seqmodel.extras import load_matplotlib
from seqmodel.files import check_suffix, writable_folder
from seqmodel.settings import checked


def check_output(
    path: str | Path, allowed: Sequence[str] = suffixes.ALL, *, soundfont: str | Path | None = None
) -> None:
    """Checks before long work that `path` can be written: that its suffix is one of `allowed`, its
    folder writable, the `soundfont` of a sound or page playable, and that matplotlib starts where a
    PNG or PDF needs it. Raises InputError or FileError."""
    suffix = check_suffix(path, allowed)
    writable_folder(Path(path).parent)
    if soundfont is not None and suffix in suffixes.SOUND + suffixes.PAGE:
        from djmodel.outputs.audio import check_soundfont

        check_soundfont(soundfont)
    if suffix in (".png", *suffixes.PDF):
        load_matplotlib()


@checked
def write(
    music: Tune | Performance,
    path: str | Path,
    *,
    text: str = "",
    soundfont: str | Path | None = None,
    values: Sequence[Sequence[str]] = (),
) -> None:
    """Writes a tune as MIDI, sound, a piano roll (.png, .svg), a printed sheet (.pdf),
    MusicXML or a page.

    MIDI, sound and pages hold a performance: that given, or by default `perform(tune)`; the score
    of such a MIDI file is what reading it gives. Pictures and MusicXML show the score. `text` is
    stored in the MIDI file, `soundfont` plays sounds and pages, `values` are shown on a page (see
    `PageItem`). A file that is there already is replaced, by a whole file or not at all. Raises
    InputError for another suffix, FileError if the file cannot be written."""
    suffix = check_suffix(path, suffixes.ALL)
    performance = as_performance(music)
    tune = performance.score
    if suffix in suffixes.MIDI:
        from djmodel.outputs.midi import write_midi

        write_midi(performance, path, text)
    elif suffix in suffixes.SOUND:
        from djmodel.outputs.audio import render

        render(performance, soundfont).save(path)
    elif suffix in suffixes.PICTURE:
        write_picture(tune, path)
    elif suffix in suffixes.PDF + suffixes.MUSICXML:
        write_score(tune, path)
    else:
        from djmodel.outputs.page import PageItem, write_page

        item = PageItem(tune, "", values, {}, text, performance)
        write_page([item], path, {}, soundfont=soundfont)


def write_picture(tune: Tune, path: str | Path) -> None:
    """Writes the piano roll of a tune as .png or .svg. Raises as `write`."""
    from djmodel.outputs.piano_roll import piano_roll

    check_suffix(path, suffixes.PICTURE)
    piano_roll(tune).save(path)


@checked
def write_score(music: Tune | Chart, path: str | Path, key: PartKey = "C") -> None:
    """Writes the part of a tune, or a chart, for an instrument in `key` as a printed sheet (.pdf,
    .png, .svg) or as .musicxml or .xml. A tune without melody is a chart. What a chart plays twice
    is written once, with repeats and endings. Raises InputError for another suffix, NotationError
    for what cannot be engraved, FileError if the file cannot be written."""
    from djmodel.outputs.notation.musicxml import write_musicxml
    from djmodel.outputs.notation.sheet import sheet
    from djmodel.outputs.notation.written_part import written_part

    if isinstance(music, Tune) and music.bars and not music.melody_notes():
        music = chart_of(music)
    if isinstance(music, Chart):
        from djmodel.outputs.charts.repeats import with_repeats

        music = with_repeats(music)
    part = written_part(music, key)
    if check_suffix(path, suffixes.SCORE) in suffixes.MUSICXML:
        write_musicxml(part, path)
    else:
        sheet(part).save(path)
