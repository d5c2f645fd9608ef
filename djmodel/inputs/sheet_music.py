"""Sheet music -> scores: MusicXML, read by `musicxml/`, and ABC, by `abc/`; Humdrum, and MusicXML
that our reader does not know, by music21; and music21's corpus.

music21's bars are taken in the order in which they are written: repeats are not played twice.
"""

from __future__ import annotations

import errno
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from djmodel.inputs.abc.reader import read_abc
from djmodel.inputs.collector import collector_paused
from djmodel.inputs.limits import Deadline, Limits
from djmodel.inputs.midi_parser import plain_text
from djmodel.inputs.music_files import SHEET_SUFFIXES
from djmodel.inputs.musicxml.archive import sheet_text
from djmodel.inputs.musicxml.reader import read_musicxml
from djmodel.inputs.quantization import (
    Grids,
    QuantizationReport,
    TimedPitch,
    quantize,
    quantize_time,
    steps_to_quarters,
)
from djmodel.inputs.score import (
    Measure,
    Score,
    ScorePart,
    Symbol,
    check_size,
    measures_until,
    tempo_map,
    too_many_bars,
)
from djmodel.inputs.written.sheet import TICKS_PER_QUARTER, UncoveredError
from djmodel.music.chord import Chord
from djmodel.music.meter import COMMON_TIME, Meter, meter_of
from djmodel.music.pitch import MAX_KEY_ACCIDENTALS
from djmodel.music.tune import DEFAULT_VELOCITY, MAX_BARS, Instrument
from seqmodel.errors import FileError
from seqmodel.files import check_input_file
from seqmodel.parallel.sandbox import CrashedError, OutOfMemoryError, OutOfTimeError, sandbox
from seqmodel.text import printable

if TYPE_CHECKING:
    from music21 import stream

_IMPORTS = ("music21", "djmodel.inputs.sheet_music")  # their time does not count
_HINT = "choose another file"
# A bar line with a repeat, `=8:|!`, or the order of sections, `*>[A,A,B]`.
_HUMDRUM_REPEAT = re.compile(rb"^=\S*:[|!]|^\*>\[", re.MULTILINE)


def read_sheets(path: str | Path, deadline: Deadline) -> tuple[Score, ...]:
    """The scores in a file: one, or all the tunes of a tune book.

    Raises FileError if the file is missing or empty, if it cannot be read, or if it holds no notes;
    LimitError if it is beyond the limits.
    """
    path, limits = check_input_file(path, "sheet music (MusicXML, ABC or Humdrum)"), deadline.limits
    if path.stat().st_size > limits.max_bytes:
        raise limits.too_large(path)
    kind = path.suffix.lower()
    if kind == ".krn":
        scores = _read_by_music21(path, deadline)
        has_repeats = _HUMDRUM_REPEAT.search(path.read_bytes())
        return _with_remark(scores, "each bar once, without repeats") if has_repeats else scores
    text = path.read_bytes() if kind == ".abc" else sheet_text(path, limits)
    try:
        with collector_paused():
            if kind == ".abc":
                return read_abc(text, path, deadline)
            return (read_musicxml(text, path, deadline),)
    except MemoryError as error:
        raise limits.too_much_memory(path) from error
    except UncoveredError as uncovered:
        scores = _read_by_music21(path, deadline, text)
        return _with_remark(scores, f"read by music21, each bar once: {uncovered}")


def _with_remark(scores: Iterable[Score], remark: str) -> tuple[Score, ...]:
    return tuple(replace(score, remarks=(*score.remarks, remark)) for score in scores)


def _read_by_music21(
    path: Path, deadline: Deadline, musicxml: bytes | None = None
) -> tuple[Score, ...]:
    """The scores in a file, or in the text of one. music21 reads it in a process that is ended when
    the time or the memory is used up."""
    limits = deadline.limits
    try:
        scores: tuple[Score, ...] = sandbox().call(
            _parsed,
            path.absolute(),
            limits,
            musicxml,
            seconds=deadline.left,
            megabytes=limits.max_megabytes,
            imports=_IMPORTS,
        )
    except OutOfTimeError as error:
        raise deadline.too_slow() from error
    except OutOfMemoryError as error:
        raise limits.too_much_memory(path) from error
    except CrashedError as error:
        raise FileError(f"music21 crashed on the file ({error})", path=path, hint=_HINT) from error
    return scores


def _parsed(path: Path, limits: Limits, musicxml: bytes | None = None) -> tuple[Score, ...]:
    """The scores that music21 reads in a file, or in the text of one. Raises as `read_sheets`."""
    deadline = Deadline(limits, path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = (_score(sheet, path, deadline) for sheet in _streams(path, musicxml))
            scores = tuple(score for score in made if score is not None)
    except (FileError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            raise MemoryError from error
        # music21 raises any type of error for damaged text; the message keeps its words.
        message = f"music21 cannot read the file ({type(error).__name__}: {error})"
        raise FileError(message, path=path, hint=_HINT) from error
    if not scores:
        raise FileError("the file has no notes", path=path, hint=_HINT)
    return scores


def _streams(path: Path, musicxml: bytes | None) -> list[Any]:
    from music21 import converter, stream

    if musicxml is None:
        read = converter.parse(path, forceSource=True)
    else:  # out of its archive, which music21 may not open
        with TemporaryDirectory() as folder:
            unpacked = Path(folder) / "score.musicxml"
            unpacked.write_bytes(musicxml)
            read = converter.parse(unpacked, forceSource=True)
    return list(read.scores) if isinstance(read, stream.Opus) else [read]


def corpus_file(name: str) -> Path:
    """The file of a piece in music21's corpus, such as `bach/bwv66.6`. Raises FileError."""
    from music21 import corpus
    from music21.exceptions21 import CorpusException

    try:
        works = corpus.getWork(name)
    except CorpusException:
        works = []
    found = [Path(work) for work in (works if isinstance(works, list) else [works])]
    # music21 also finds names that only contain this one.
    asked = re.compile(rf"/{re.escape(name.strip('/'))}([./]|$)", re.IGNORECASE)
    meant = [path for path in found if asked.search(path.as_posix())]
    if not meant:
        hint = "a name is a folder and a file, such as bach/bwv66.6"
        raise FileError(f"music21's corpus has no piece named `{name}`", hint=hint)
    return meant[0]


def _score(sheet: stream.Stream, path: Path, deadline: Deadline) -> Score | None:
    """The score of a music21 stream, None if nothing sounds in it."""
    sheet = sheet.toSoundingPitch()
    parts: list[ScorePart] = []
    quantization, grids = QuantizationReport(), Grids(TICKS_PER_QUARTER)
    staves = _parts(sheet)
    flat = [staff.flatten() for staff in staves]
    for part, elements, name in zip(staves, flat, _names(staves), strict=True):
        notes, dropped = _notes(elements)
        if not notes:
            continue
        grid_notes, change = quantize(notes, grids, written=True)
        quantization += change + QuantizationReport(dropped=dropped)
        program, drums = _instrument(part)
        number = len(parts) + 1
        parts.append(ScorePart(number, name, Instrument(name, program), 0, drums, grid_notes))
    if not parts:
        return None
    check_size(parts, path, deadline.limits)
    everything = sheet.flatten()
    end = steps_to_quarters(max(note.end for part in parts for note in part.grid_notes))
    return Score(
        title=_title(sheet) or printable(path.stem),
        parts=tuple(parts),
        measures=_measures(sheet, end, path),
        tempos=tempo_map(_tempos(everything)),
        key=next(_keys(everything), None),
        quantization=quantization,
        symbols=tuple(_symbols(everything)),
        syllables=tuple(sorted({_time(n) for e in flat for n in e.notes if n.lyric})),
        composer=plain_text(sheet.metadata.composer or "") if sheet.metadata else "",
    )


def _parts(sheet: stream.Stream) -> list[stream.Stream]:
    parts = list(getattr(sheet, "parts", ()))
    return parts or [sheet]


def _names(parts: list[stream.Stream]) -> list[str]:
    """The names of the parts; those of several staves of one instrument differ."""
    names: list[str] = []
    staves: dict[str, int] = {}
    for number, part in enumerate(parts, start=1):
        instrument = part.getInstrument(returnDefault=False)
        own = getattr(part, "partName", None)
        name = own or (instrument and (instrument.partName or instrument.instrumentName))
        name = plain_text(str(name)) if name else f"Part {number}"
        if "PartStaff" in part.classes:
            staves[name] = staves.get(name, 0) + 1
            name += {1: " upper", 2: " lower"}.get(staves[name], f" staff {staves[name]}")
        names.append(name)
    return names


def _instrument(part: stream.Stream) -> tuple[int, bool]:
    """The program of a part, and true for drums."""
    instrument = part.getInstrument(returnDefault=False)
    if instrument is None:
        return 0, False
    drums = "UnpitchedPercussion" in instrument.classes or instrument.midiChannel == 9
    program = instrument.midiProgram
    return (program if program is not None and 0 <= program <= 127 else 0), drums


def _notes(elements: stream.Stream) -> tuple[list[TimedPitch], int]:
    """All pitches in ticks, sorted by onset, tied ones joined; and the number of grace notes,
    which have no length."""
    notes: list[TimedPitch] = []
    tied: dict[int, int] = {}  # pitch -> the index of its note that continues
    graces = 0
    element: Any
    for element in elements.notes:
        if "Harmony" in element.classes or (not element.isNote and not element.isChord):
            continue
        if element.duration.isGrace or not element.quarterLength:
            graces += len(element.pitches)
            continue
        on = round(element.offset * TICKS_PER_QUARTER)
        off = round((element.offset + element.quarterLength) * TICKS_PER_QUARTER)
        for note in element.notes if element.isChord else [element]:
            pitch = note.pitch.midi
            velocity = note.volume.velocity or element.volume.velocity or DEFAULT_VELOCITY
            tie = note.tie.type if note.tie else None
            before = tied.pop(pitch, None)
            if tie in ("stop", "continue") and before is not None and notes[before][1] == on:
                notes[before] = (notes[before][0], off, pitch, notes[before][3])
                index = before
            else:
                index = len(notes)
                notes.append((on, off, pitch, velocity))
            if tie in ("start", "continue"):
                tied[pitch] = index
    return sorted(notes), graces


def _measures(sheet: stream.Stream, end: Fraction, path: Path) -> tuple[Measure, ...]:
    """The bars as written in the first part that has bars; else from its meters."""
    for part in _parts(sheet):
        written = list(part.getElementsByClass("Measure"))
        if len(written) > MAX_BARS:
            raise too_many_bars(path)
        if written:
            break
    else:
        signed = ((_time(sign), _meter(sign)) for sign in sheet.flatten()["TimeSignature"])
        measures = measures_until(end, ((at, meter) for at, meter in signed if meter))
        if measures is None:
            raise too_many_bars(path)
        return measures
    starts = [quantize_time(_time(measure)) for measure in written]
    last = written[-1]
    # The last bar may be short, as a pickup was the rest of it.
    length = last.duration.quarterLength or last.barDuration.quarterLength
    starts.append(max(quantize_time(_time(last) + Fraction(length)), end))
    bars: list[Measure] = []
    meter = COMMON_TIME
    for measure, start, stop in zip(written, starts, starts[1:], strict=False):
        if measure.timeSignature is not None:
            meter = _meter(measure.timeSignature) or meter
        if stop > start:
            bars.append(Measure(start, stop - start, meter))
    return tuple(bars)


def _meter(signature: Any) -> Meter | None:
    return meter_of(signature.numerator, signature.denominator)


def _time(element: Any) -> Fraction:
    return Fraction(element.offset).limit_denominator(TICKS_PER_QUARTER)


def _tempos(everything: stream.Stream) -> Iterator[tuple[Fraction, float]]:
    for mark in everything["MetronomeMark"]:
        tempo = mark.getQuarterBPM()
        if tempo is not None and 0 < tempo < inf:
            yield quantize_time(_time(mark)), float(tempo)


def _keys(everything: stream.Stream) -> Iterator[int]:
    for key in everything["KeySignature"]:
        if key.sharps is not None and abs(key.sharps) <= MAX_KEY_ACCIDENTALS:
            yield key.sharps


def _symbols(everything: stream.Stream) -> Iterator[Symbol]:
    """The chord symbols by onset; of several at one onset the last one."""
    found: dict[Fraction, Chord | None] = {}
    for symbol in everything["ChordSymbol"]:
        if "NoChord" in symbol.classes:
            found[quantize_time(_time(symbol))] = None
        elif chord := _chord(symbol):
            found[quantize_time(_time(symbol))] = chord
    return (Symbol(onset, found[onset]) for onset in sorted(found))


def _chord(symbol: Any) -> Chord | None:
    """The chord of a music21 chord symbol: its tones without an added bass, and its bass."""
    from music21 import harmony

    if symbol.root() is None or not symbol.pitches:
        return None
    root, bass = symbol.root().pitchClass, symbol.bass().pitchClass
    tones: Iterable[Any] = symbol.pitches
    if bass != root and symbol.chordKind in harmony.CHORD_TYPES:
        plain = harmony.ChordSymbol(root=symbol.root().name, kind=symbol.chordKind)
        for change in symbol.getChordStepModifications():
            plain.addChordStepModification(change)
        tones = plain.pitches
    return Chord.of(root, [(tone.pitchClass - root) % 12 for tone in tones], bass)


def _title(sheet: stream.Stream) -> str:
    metadata = sheet.metadata
    title = metadata.bestTitle if metadata is not None else None
    title = plain_text(str(title or ""))
    return Path(title).stem if Path(title).suffix in SHEET_SUFFIXES else title
