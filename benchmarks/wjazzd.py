"""The bundled solos, made from the tables of the Weimar Jazz Database, and figures of reading them.

    python -m benchmarks.wjazzd FOLDER

FOLDER has solos.csv, notes.csv.gz, beats.csv.gz and splits.json, or wjazzd.db and splits.json.
Writes data/wjazzd/solos.jsonl.gz, the same bytes each time, and prints what reading changes: solos
refused and why, notes moved by their division, chords, meters, and how written durations compare
with how long notes sound.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import log2
from pathlib import Path

from djmodel.inputs.limits import DEFAULT, Deadline
from djmodel.inputs.wjazzd.bundle import read_bundle, write_bundle
from djmodel.inputs.wjazzd.melody import GRID, grid_step
from djmodel.inputs.wjazzd.records import NOTICE, SOUNDING_UNITS, Solo
from djmodel.inputs.wjazzd.solos import (
    BUNDLE,
    SoloResult,
    bundled_solos,
    read_solos,
    stored_solos,
    total_placement,
)
from seqmodel.command_line.runner import stderr_console, summary_table
from seqmodel.files import atomic_write

OUT = Path(__file__).parents[1] / "data" / "wjazzd" / BUNDLE
# MINGUS's duration classes, in quarter lengths (Madaghiele et al., ISMIR 2021).
CLASSES = [Fraction(*c) for c in ((4, 1), (2, 1), (1, 1), (1, 2), (1, 4), (1, 8), (3, 1), (3, 2))]
CLASSES += [Fraction(*c) for c in ((3, 4), (1, 6), (1, 12))]


def main() -> None:
    folder = Path(sys.argv[1])
    console = stderr_console()
    source = next((path for path in (folder / "wjazzd.db",) if path.is_file()), folder)
    solos = [s for s in stored_solos(source, Deadline(DEFAULT, source)) if isinstance(s, Solo)]
    splits = json.loads((folder / "splits.json").read_text(encoding="utf-8"))
    with atomic_write(OUT) as temporary:
        write_bundle(temporary, solos, NOTICE, splits)
    restored = list(read_bundle(OUT, Deadline(DEFAULT, OUT)))
    assert restored == solos, "the bundle differs from the tables"
    results = read_solos(OUT)
    console.print(summary_table("Bundle", bundle_facts()))
    console.print(summary_table("Solos", solo_facts(results)))
    console.print(summary_table("Notes", note_facts(solos, results)))
    console.print(summary_table("Durations", duration_facts(solos, results)))


def bundle_facts() -> dict[str, str]:
    began = time.perf_counter()
    tunes = bundled_solos()
    seconds = time.perf_counter() - began
    return {
        "file": f"{OUT.stat().st_size:,} bytes",
        "bundled_solos()": f"{len(tunes)} tunes in {seconds:.2f} s",
    }


def solo_facts(results: Sequence[SoloResult]) -> dict[str, str]:
    tunes = [result.tune for result in results if result.tune is not None]
    meters = Counter(str(bar.meter) for tune in tunes for bar in tune.bars)
    changes = [change for tune in tunes for bar in tune.bars for change in bar.changes]
    chords = Counter(change.chord.intervals for change in changes)
    return {
        "read": f"{len(tunes)} of {len(results)}",
        **{f"  {r.info.id}": r.note for r in results if r.tune is None},
        "bars": f"{sum(len(tune.bars) for tune in tunes):,}",
        "meters": ", ".join(f"{meter} {bars:,}" for meter, bars in meters.most_common()),
        "pick-up": str(sum(tune.has_pickup for tune in tunes)),
        "chords": f"{len({c.chord for c in changes})} of {len(chords)} qualities",
        "N.C.": f"{sum(not change.sounding for change in changes)} of {len(changes):,} changes",
        "phrases": f"{sum(len(tune.phrases) for tune in tunes):,}",
        "feel": ", ".join(f"{f or 'none'} {n}" for f, n in Counter(t.feel for t in tunes).items()),
    }


def note_facts(solos: Sequence[Solo], results: Sequence[SoloResult]) -> dict[str, str]:
    total = total_placement(results)
    by_division: Counter[int] = Counter()
    moved: Counter[int] = Counter()
    for solo, result in zip(solos, results, strict=True):
        for note in solo.notes if result.tune else ():
            by_division[note.division] += 1
            exact = Fraction(note.tatum - 1, note.division)
            moved[note.division] += exact != Fraction(grid_step(note.tatum, note.division), GRID)
    divisions = ", ".join(f"{d}: {moved[d]} of {by_division[d]:,}" for d in sorted(+moved))
    return {
        "notes": f"{total.notes:,}",
        "moved": f"{total.moved:,}, by {float(total.mean_move):.4f} beats on average and "
        f"{float(total.farthest):.3f} at most",
        "moved, by division": divisions,
        "pushed, dropped": f"{total.pushed}, {total.dropped}",
        "out of order": str(total.reordered),
        "legato": f"{total.legato:,}",
    }


def duration_facts(solos: Sequence[Solo], results: Sequence[SoloResult]) -> dict[str, str]:
    """Written durations beside the nearest of MINGUS's classes to how long notes sound."""
    same = same_class = 0
    written: Counter[Fraction] = Counter()
    sounding_classes: Counter[Fraction] = Counter()
    for solo, result in zip(solos, results, strict=True):
        if result.tune is None or result.placement.dropped or result.placement.pushed:
            continue
        for note, line in zip(solo.notes, result.tune.melody_notes(), strict=True):
            sounding = _class(Fraction(note.sounding, SOUNDING_UNITS))
            written[line.duration] += 1
            sounding_classes[sounding] += 1
            same += sounding == line.duration
            same_class += sounding == _class(line.duration)
    n_notes = written.total()
    entropy = -sum(n / n_notes * log2(n / n_notes) for n in written.values())
    class_entropy = -sum(n / n_notes * log2(n / n_notes) for n in sounding_classes.values())
    most = ", ".join(f"{d} {n / n_notes:.1%}" for d, n in written.most_common(12))
    return {
        "distinct": f"{len(written)}; {most}",
        "entropy": f"{entropy:.2f} bits a note; of the classes of what sounds {class_entropy:.2f}",
        "in one of 11 classes": f"{sum(written[c] for c in CLASSES) / n_notes:.1%}",
        "equal to the class of what sounds": f"{same / n_notes:.1%}",
        "in the same class as what sounds": f"{same_class / n_notes:.1%}",
    }


def _class(duration: Fraction) -> Fraction:
    return min(CLASSES, key=lambda c: abs(c - duration))


if __name__ == "__main__":
    main()
