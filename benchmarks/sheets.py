"""Speed of reading MusicXML: each file beside music21's `converter.parse` in the same run, with a
comparison of what both read; and a folder of hundreds of lead sheets.

    python -m benchmarks.sheets [FILES...] [--lead-sheets N] [--jobs N]
    python -m benchmarks.sheets [FILES...] --notes

With --notes nothing is timed: the notes of each file are compared with those that music21 reads,
and each difference has a reason. All MusicXML of music21's corpus, the default, takes an hour.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from benchmarks.reading import parsed_by_music21, seconds
from djmodel.inputs.quantization import quantize_time
from djmodel.inputs.reader import read_score, read_tune, read_tunes
from djmodel.inputs.sheet_music import corpus_file
from djmodel.inputs.wjazzd.solos import bundled_file
from djmodel.music.tune import Tune
from djmodel.outputs.notation.musicxml import musicxml
from djmodel.outputs.notation.written_part import written_part
from seqmodel.errors import InputError
from seqmodel.parallel.pool import PoolConfig

REPEATS = 5
MUSICXML = {".mxl", ".musicxml", ".xml"}
# Lead sheets, piano scores and a chorale of music21's corpus.
PIECES = (
    "leadSheet/fosterBrownHair",
    "leadSheet/berlinAlexandersRagtime",
    "bach/bwv66.6",
    "joplin/maple_leaf_rag",
    "schumann_clara/polonaise_op1n1",
    "verdi/laDonnaEMobile",
)
SOLOS = ("ArtPepper_Anthropology", "CharlieParker_Ornithology", "HankMobley_SoulStation")
BARS = 32  # of a lead sheet
_REPEAT = '<barline location="right"><repeat direction="backward"/></barline>'


def compare(path: Path) -> None:
    """Prints the times for a file and their ratio."""
    ours = seconds(lambda: read_score(path), REPEATS)
    theirs = seconds(lambda: parsed_by_music21(path), 3)
    notes = sum(len(part.grid_notes) for part in read_score(path).parts)
    row = f"{path.stem:32.32}{notes:7,}{theirs:9.3f}s{ours:9.4f}s{theirs / ours:8.1f}x"
    print(row, flush=True)


def lead_sheets(folder: Path, count: int) -> None:
    """Writes `count` different lead sheets: choruses of recorded solos over their chords, in every
    key, each with a repeat, under different titles."""
    solos = [read_tune(bundled_file(), solo=solo) for solo in SOLOS]
    written: list[str] = []
    for number in range(count):
        if number < len(SOLOS) * 12:  # writing takes longer than reading: each is used often
            tune = solos[number % len(solos)]
            written.append(musicxml(written_part(_excerpt(tune, number // len(solos)))))
        text = written[number % len(written)].replace("</measure>", _REPEAT + "</measure>", 1)
        title = f"<work-title>Lead sheet {number}</work-title>"
        text = re.sub(r"<work-title>.*?</work-title>", title, text, count=1)
        (folder / f"{number:04}.musicxml").write_text(text, encoding="utf-8")


def _excerpt(tune: Tune, semitones: int) -> Tune:
    bars = tune.excerpt(1, min(BARS, len(tune.bars)))
    return replace(bars.transposed(semitones % 12 - 6), performer="")


def read_folder(folder: Path, jobs: int) -> None:
    """Prints the time of reading a folder, and of reading it again out of the cache."""
    for how in ("first", "again"):
        began = time.perf_counter()
        read = read_tunes([folder], workers=PoolConfig(jobs=jobs))
        took = time.perf_counter() - began
        print(
            f"{how}: {len(read.tunes)} of {len(read.results)} files used in {took:.1f} s",
            flush=True,
        )


def compare_notes(files: Sequence[Path]) -> None:
    """Prints each file whose notes differ from music21's, with the reason, and how many are
    equal."""
    warnings.simplefilter("ignore")  # music21's
    equal = both = 0
    for path in files:
        try:
            reason = difference(path)
        except InputError as error:
            print(f"{path.name}: not read here ({error.message})", flush=True)
            continue
        except Exception as error:  # music21's, of any kind
            print(f"{path.name}: not read by music21 ({type(error).__name__})", flush=True)
            continue
        both += 1
        equal += not reason
        if reason:
            print(f"{path.parent.name}/{path.name}: {reason}", flush=True)
    print(f"{equal} of {both} equal", flush=True)


def difference(path: Path) -> str:
    """The difference between the notes that are read here and those of music21: onsets and pitches
    of all parts, with the repeats played; "" if there is none."""
    ours = read_score(path)
    parts = list(parsed_by_music21(path).toSoundingPitch().parts)
    played = [part.expandRepeats() for part in parts]
    begun, held = _notes(played, held=False), _notes(played, held=True)
    found = {(note.onset, note.pitch) for part in ours.parts for note in part.notes}
    if found == begun:
        return ""
    bars = len(played[0].getElementsByClass("Measure"))
    if len(ours.measures) != bars:
        return f"another order, of {len(ours.measures)} bars here and {bars} of music21's"
    if len({len(part.getElementsByClass("Measure")) for part in played}) > 1:
        return "a repeat or jump that stands in one part, which music21 plays in that part alone"
    starts = {tuple(m.offset for m in part.getElementsByClass("Measure")) for part in parts}
    if len(starts) > 1:
        return "the bars of music21's parts do not begin together"
    if begun <= found <= held:
        return f"{len(found - begun)} notes that are tied to none before"
    return f"{len(found - begun)} notes are only here, {len(begun - found)} only in music21's"


def _notes(parts: Sequence[Any], *, held: bool) -> set[tuple[Fraction, int]]:
    """Onsets and pitches of music21's parts; `held`: with notes that are tied to one before."""
    return {
        (quantize_time(Fraction(element.offset).limit_denominator(10080)), note.pitch.midi)
        for part in parts
        for element in part.flatten().notes
        if "Harmony" not in element.classes and element.quarterLength
        for note in (element.notes if element.isChord else [element])
        if held or note.tie is None or note.tie.type == "start"
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument("files", nargs="*", type=Path, help="MusicXML (default: six pieces)")
    options.add_argument("--lead-sheets", type=int, default=500, help="size of the folder")
    options.add_argument("--jobs", type=int, default=2, help="processes")
    options.add_argument("--notes", action="store_true", help="compare the notes, not the time")
    chosen = options.parse_args()
    if chosen.notes:
        from music21 import corpus

        compare_notes(chosen.files or [p for p in corpus.getCorePaths() if p.suffix in MUSICXML])
        return
    print(f"{'file':32}{'notes':>7}{'music21':>10}{'here':>10}{'ratio':>9}", flush=True)
    files = chosen.files or [corpus_file(piece) for piece in PIECES]
    read_score(files[0])  # builds tables, once
    parsed_by_music21(files[0])
    for path in files:
        compare(path)
    if chosen.lead_sheets:
        with tempfile.TemporaryDirectory() as folder:
            lead_sheets(Path(folder), chosen.lead_sheets)
            size = sum(path.stat().st_size for path in Path(folder).iterdir())
            print(
                f"\n{chosen.lead_sheets} lead sheets, {size / 1e6:.0f} MB, {chosen.jobs} processes"
            )
            read_folder(Path(folder), chosen.jobs)


if __name__ == "__main__":
    main()
