"""A tune into a file of any kind, told by the ending of its name."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seqmodel.errors import InputError

if TYPE_CHECKING:
    from djmodel.solo import Solo
    from djmodel.tune import Tune

MIDI = (".mid", ".midi")
SOUND = (".wav", ".mp3")
PICTURE = (".png", ".svg")
NOTES = (".musicxml", ".xml")
PAGE = (".html", ".htm")
ENDINGS = MIDI + SOUND + PICTURE + NOTES + PAGE
SCORE = (*PICTURE, *NOTES)


def write(tune: Tune, path: str | Path, *, soundfont: str | Path | None = None) -> None:
    """Writes a tune as what the ending of `path` says: MIDI, sound, a piano roll, a lead sheet
    (MusicXML; `write_score` draws one), or a page. `soundfont` plays in sounds and pages.

    Raises InputError for an ending that is not in ENDINGS, FileError if the file cannot be written,
    MissingPackageError if a package is not installed. Nothing half-written stays.
    """
    path = Path(path)
    ending = known_ending(path)
    if ending in MIDI:
        from djmodel.score import write_midi

        write_midi(tune, path)
    elif ending in SOUND:
        from djmodel.render import render

        render(tune, soundfont).save(path)
    elif ending in PICTURE:
        write_picture(tune, path)
    elif ending in NOTES:
        write_score(tune, path)
    else:
        write_page([tune], path, {}, soundfont=soundfont)


def write_picture(tune: Tune, path: str | Path) -> None:
    """The piano roll of a tune as .png or .svg. Raises as `write`."""
    known_ending(path, PICTURE)
    from djmodel.picture import piano_roll

    piano_roll(tune).save(path)


def write_score(tune: Tune, path: str | Path) -> None:
    """The lead sheet of a tune as .png, .svg, .musicxml or .xml. Raises as `write`."""
    known_ending(path, SCORE)
    from djmodel import notation

    notation.write_score(tune, path)


def write_page(
    solos: Sequence[Solo | Tune],
    path: str | Path,
    settings: Mapping[str, str],
    *,
    soundfont: str | Path | None = None,
) -> None:
    """A page of solos as .html or .htm; `settings` is how they were made. Raises as `write`."""
    known_ending(path, PAGE)
    from djmodel import page

    page.write_page(solos, path, settings, soundfont=soundfont)


def known_ending(path: str | Path, known: Sequence[str] = ENDINGS) -> str:
    """The ending of a name, in small letters, if it is one of `known`: to learn it before a long
    job rather than after. Raises InputError, which lists them."""
    ending = Path(path).suffix.lower()
    if ending not in known:
        raise InputError(
            f"a name that ends in {', '.join(known[:-1])} or {known[-1]}",
            ending or "no ending",
            where=path,
            todo="rename the output",
        )
    return ending


def data_address(content: bytes, media_type: str) -> str:
    """An address that is the content itself."""
    return f"data:{media_type};base64,{b64encode(content).decode('ascii')}"
