"""Speed of reading MIDI files, compared with music21's parser in the same run: seconds from bytes
to values, growth with the number of notes, and a comparison of the notes that both read.

    python benchmarks/reading.py [FILES...] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from djmodel.inputs import midi_parser, reader
from djmodel.inputs.chords.recognition import recognize_chords
from djmodel.inputs.melody.selection import choose_parts
from djmodel.inputs.music_files import rags
from djmodel.inputs.reader import read_score
from djmodel.inputs.score import ScorePart
from djmodel.music.meter import Meter
from djmodel.music.tune import Bar, Change, Chord, Instrument, Note, Part, Tune
from djmodel.outputs.midi import write_midi
from djmodel.values import grammar

REPEATS = 7
N_NOTES = (12_500, 25_000, 50_000, 100_000)
ROOT = Path(__file__).parent.parent
_FARTHEST = Fraction(1, 8)  # quarter lengths by which reading moves a note


def seconds(job: Callable[[], object], repeats: int) -> float:
    """The median CPU time of `job`, in seconds."""
    times = []
    for _ in range(repeats):
        began = time.process_time()
        job()
        times.append(time.process_time() - began)
    return statistics.median(times)


def count_values(path: Path) -> int:
    """The number of values of a file, read without the cache."""
    return sum(map(len, grammar.encode(reader.read_tune(path))))


def parsed_by_music21(path: Path) -> Any:
    from music21 import converter

    return converter.parse(path, forceSource=True)


def stages(path: Path) -> dict[str, float]:
    """The seconds that each stage of reading takes."""
    content = path.read_bytes()
    made = reader.transcribe(path)
    tune, score, notes = made.tune, made.score, made.choice.harmony_notes
    parse = seconds(lambda: midi_parser.parse(content), REPEATS)
    return {
        "bytes": parse,
        "grid": seconds(lambda: read_score(path), REPEATS) - parse,
        "parts": seconds(lambda: choose_parts(score), REPEATS),
        "chords": seconds(lambda: recognize_chords(notes, score.measures), REPEATS),
        "values": seconds(lambda: grammar.encode(tune), REPEATS),
    }


def same_parts(path: Path) -> tuple[int, int]:
    """The number of parts in which music21 has the same pitches at the same onsets, and the number
    of all parts, drums excluded.

    music21 reads notes within a sixteenth of a quarter note as one chord and keeps only the first
    onset. In music that is not quantized it can make a bar longer than its meter and shift the rest
    of the part: such a part counts as different.
    """
    from music21 import converter

    theirs: Any = converter.parse(path, forceSource=True, quantizePost=False)
    ours = read_score(path).parts
    pairs = [pair for pair in zip(ours, theirs.parts, strict=True) if not pair[0].drums]
    return sum(_same_notes(part, stream) for part, stream in pairs), len(pairs)


def _same_notes(part: ScorePart, stream: Any) -> bool:
    ours = {(note.onset, note.pitch) for note in part.notes}
    onsets: defaultdict[int, list[Fraction]] = defaultdict(list)
    for onset, pitch in ours:
        onsets[pitch].append(onset)
    seen: set[tuple[Fraction, int]] = set()
    for element in stream.flatten().notes:
        if element.tie is not None and element.tie.type != "start":
            continue
        early = Fraction(element.offset).limit_denominator(10080) - _FARTHEST
        late = early + 2 * _FARTHEST + (Fraction(1, 16) if element.isChord else 0)
        for pitch in element.pitches:
            found = {(onset, pitch.midi) for onset in onsets[pitch.midi] if early <= onset <= late}
            if not found:
                return False
            seen |= found
    return seen == ours


def long_tune(notes: int) -> Tune:
    """A melody in eighth notes over triads and a bass, `notes` notes in all."""
    eighth, bars = Fraction(1, 2), notes // 12
    triads = [Chord.of(root, (0, 4, 7)) for root in (0, 5, 7, 9)]
    made, comping = [], []
    for number in range(bars):
        chord = triads[number % 4]
        melody = tuple(
            Note(67 + (number * 5 + step * 7) % 12, step * eighth, eighth) for step in range(8)
        )
        made.append(Bar(Meter(4, 4), Fraction(4), melody, (Change(Fraction(0), chord),)))
        onset = Fraction(4 * number)
        comping += [Note(48 + (chord.root + step) % 12, onset, Fraction(4)) for step in (0, 4, 7)]
        comping.append(Note(36 + chord.root, onset, Fraction(4)))
    return Tune("long", tuple(made), accompaniment=(Part(Instrument(), tuple(comping)),))


def growth() -> list[tuple[int, float]]:
    """Pairs of a number of notes and the seconds from file to values."""
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        for notes in N_NOTES:
            path = Path(folder) / f"{notes}.mid"
            write_midi(long_tune(notes), path)
            measured.append((notes, seconds(lambda path=path: count_values(path), 3)))  # type: ignore[misc]
    return measured


def metheny() -> list[Path]:
    """The MIDI file of the course, if there is one."""
    return list((ROOT / "data").glob("original_metheny.mid"))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument("files", nargs="*", type=Path, help="MIDI files (default: the eight rags)")
    options.add_argument("--json", type=Path, help="file for the results")
    chosen = options.parse_args()
    files = chosen.files or [*metheny(), *rags()]
    rows = []
    head = f"{'file':28}{'music21':>9}{'djmodel':>9}{'ratio':>7}  {'same parts':10}"
    print(f"{head}  ms for bytes, grid, parts, chords, values", flush=True)
    count_values(files[0])  # imports and builds tables, once
    for path in files:
        ours, theirs = [], []
        for _ in range(3):  # interleaved, so that other load affects both
            ours.append(seconds(lambda path=path: count_values(path), REPEATS))  # type: ignore[misc]
            theirs.append(seconds(lambda path=path: parsed_by_music21(path), 1))  # type: ignore[misc]
        here, there = statistics.median(ours), statistics.median(theirs)
        row = {"file": path.stem, "music21": there, "here": here, "ratio": there / here}
        row |= {"same_parts": same_parts(path), **stages(path)}
        rows.append(row)
        times = " ".join(f"{row[name] * 1000:.1f}" for name in ("bytes", "grid", "parts"))
        times += f" {row['chords'] * 1000:.1f} {row['values'] * 1000:.1f}"
        same = "{} of {}".format(*row["same_parts"])
        print(
            f"{path.stem:28}{there:8.3f}s{here:8.4f}s{there / here:6.1f}x  {same:10}  {times}",
            flush=True,
        )
    grown = growth()
    print("\n  notes   seconds   microseconds per note")
    for notes, took in grown:
        print(f"{notes:7}  {took:8.3f}   {took / notes * 1e6:.1f}")
    if chosen.json:
        numbers = {"files": rows, "growth": [{"notes": n, "seconds": s} for n, s in grown]}
        chosen.json.write_text(json.dumps(numbers, indent=1))


if __name__ == "__main__":
    main()
