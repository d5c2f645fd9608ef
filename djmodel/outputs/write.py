"""A tune into a file of any kind, told by the ending of its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from djmodel.outputs.suffixes import ALL, MIDI, NOTES, PAGE, PICTURE, SCORE, SOUND
from seqmodel.files import check_suffix
from seqmodel.optional import require

if TYPE_CHECKING:
    from djmodel.model.improvise import Solo
    from djmodel.music.tune import Tune


_PICTURES = ("matplotlib", "to draw a piano roll")


def require_output(
    path: str | Path,
    suffixes: Sequence[str] = ALL,
    *,
    drawn: bool = False,
    soundfont: str | Path | None = None,
) -> None:
    """Learns, before anything is written, whether `path` can be: raises InputError for an ending
    that is not among `suffixes`, MissingPackageError for a package that is not installed, FileError
    for a `soundfont` that cannot be played. `drawn`: a picture is a lead sheet, not a piano roll.
    """
    ending = check_suffix(path, suffixes)
    if ending in SOUND:
        from djmodel.outputs.audio import require_sound

        require_sound(soundfont, ending)
    elif ending in PAGE:
        from djmodel.outputs.page import require_page

        require_page(soundfont)
    elif ending in NOTES or (drawn and ending in PICTURE):
        from djmodel.outputs.lead_sheet import require_score

        require_score(ending)
    elif ending in PICTURE:
        require(*_PICTURES)


def write(
    tune: Tune, path: str | Path, *, soundfont: str | Path | None = None, text: str = ""
) -> None:
    """Writes a tune as what the ending of `path` says: MIDI, with `text` in it, sound, a piano
    roll, a lead sheet (MusicXML; `write_score` draws one), or a page. `soundfont` plays in sounds
    and pages.

    Raises InputError for an ending that `suffixes` does not know, FileError if the file cannot be
    written, MissingPackageError if a package is not installed. Nothing half-written stays.
    """
    path = Path(path)
    ending = check_suffix(path, ALL)
    if ending in MIDI:
        from djmodel.outputs.midi import write_midi

        write_midi(tune, path, text)
    elif ending in SOUND:
        from djmodel.outputs.audio import render

        render(tune, soundfont).save(path)
    elif ending in PICTURE:
        write_picture(tune, path)
    elif ending in NOTES:
        write_score(tune, path)
    else:
        write_page([tune], path, {}, soundfont=soundfont)


def write_picture(tune: Tune, path: str | Path) -> None:
    """The piano roll of a tune as .png or .svg. Raises as `write`."""
    check_suffix(path, PICTURE)
    from djmodel.outputs.piano_roll import piano_roll

    piano_roll(tune).save(path)


def write_score(tune: Tune, path: str | Path) -> None:
    """The lead sheet of a tune as .png, .svg, .musicxml or .xml. Raises as `write`."""
    check_suffix(path, SCORE)
    from djmodel.outputs import lead_sheet as notation

    notation.write_score(tune, path)


def write_page(
    solos: Sequence[Solo | Tune],
    path: str | Path,
    settings: Mapping[str, str],
    *,
    soundfont: str | Path | None = None,
) -> None:
    """A page of solos as .html or .htm; `settings` is how they were made. Raises as `write`."""
    check_suffix(path, PAGE)
    from djmodel.outputs import page

    page.write_page(solos, path, settings, soundfont=soundfont)
