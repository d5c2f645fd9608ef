"""Speed of reading MusicXML: each file beside music21's `converter.parse` in the same run, with a
comparison of what both read; and a folder of hundreds of lead sheets.

    python -m benchmarks.sheets [FILES...] [--lead-sheets N] [--jobs N]
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.reading import parsed_by_music21, seconds
from djmodel.inputs.reader import read_score, read_tune, read_tunes
from djmodel.inputs.sheet_music import corpus_file
from djmodel.inputs.wjazzd.solos import bundled_file
from djmodel.music.tune import Tune
from djmodel.outputs.notation.musicxml import musicxml
from djmodel.outputs.notation.written_part import written_part
from seqmodel.parallel.pool import PoolConfig

REPEATS = 5
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


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument("files", nargs="*", type=Path, help="MusicXML (default: six pieces)")
    options.add_argument("--lead-sheets", type=int, default=500, help="size of the folder")
    options.add_argument("--jobs", type=int, default=2, help="processes")
    chosen = options.parse_args()
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
