"""MIDI file -> Score: parts, bars, tempos and key from the events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

from djmodel.inputs import midi_parser
from djmodel.inputs.embedded_score import embedded_facts, embedded_score
from djmodel.inputs.limits import Deadline
from djmodel.inputs.quantization import (
    Grids,
    QuantizationReport,
    TimedPitch,
    quantize,
    steps_to_quarters,
)
from djmodel.inputs.score import (
    DRUM_CHANNEL,
    Score,
    ScorePart,
    Symbol,
    check_size,
    measures_until,
    tempo_map,
    too_many_bars,
)
from djmodel.music.chord import Chord
from djmodel.music.chord_symbol import ChordSymbolError, parse_chord_symbol
from djmodel.music.instruments import PROGRAM_NAMES
from djmodel.music.meter import Meter, meter_of
from djmodel.music.pitch import MAX_KEY_ACCIDENTALS
from djmodel.music.tune import Instrument
from seqmodel.errors import FileError
from seqmodel.files import content_of
from seqmodel.text import printable

CHORD_MARKER, NO_CHORD = "chord: ", "N.C."
_MIN_SYLLABLES = 10  # fewer texts are remarks, such as who made the file
_CYMBALS = frozenset({42, 44, 46, 49, 51, 52, 53, 55, 57, 59})
_KIT = (frozenset({35, 36}), frozenset({37, 38, 39, 40}), _CYMBALS)  # bass drum, snare, cymbals
# Strokes of a kit, the share of each of the three and of all, and of the onsets with several.
_MIN_STROKES, _MIN_SHARE, _MOST, _MIN_TOGETHER = 16, 0.05, 0.8, 0.15
# Names that programs give to the tempo track; they are not the title of a piece.
_NO_TITLES = frozenset({
    "", "control track", "conductor", "conductor track", "tempo", "tempo track", "tempo map",
    "master", "master track", "global track", "untitled", "sequence", "song", "track 0", "track 1",
    "midi", "unnamed",
})  # fmt: skip


def read_midi(path: Path, deadline: Deadline) -> Score:
    """The score in a MIDI file; that of a performance which holds its score (see `embedded_score`).

    Raises FileError if it is missing, empty, damaged or holds no notes; LimitError if it is beyond
    the limits.
    """
    content = content_of(path, "a MIDI file", deadline.limits.max_bytes)
    if content is None:
        raise deadline.limits.too_large(path)
    try:
        file = midi_parser.parse(content, deadline.limits.max_notes, deadline)
        if score := embedded_score(file):
            file = midi_parser.parse(score, deadline.limits.max_notes, deadline)
    except midi_parser.DamagedFileError as error:
        hint = "choose another file, or export it again"
        raise FileError(str(error), path=path, hint=hint) from error
    except midi_parser.TooManyEventsError as error:
        raise deadline.limits.too_many_notes(path) from error
    return _score(file, path, deadline)


def _score(file: midi_parser.MidiFile, path: Path, deadline: Deadline) -> Score:
    parts: list[ScorePart] = []
    quantization = QuantizationReport(dropped=sum(track.unended for track in file.tracks))
    grids = Grids(file.division)
    for name, instrument, channel, raw in _instruments(file):
        grid_notes, change = quantize(raw, grids)
        quantization += change
        deadline()
        drums = channel == DRUM_CHANNEL or (instrument.program == 0 and _plays_a_kit(raw))
        parts.append(ScorePart(len(parts) + 1, name, instrument, channel, drums, grid_notes))
    if not parts:
        notes = "note that ends" if quantization.dropped else "notes"
        raise FileError(f"the file has no {notes}", path=path, hint="choose another file")
    check_size(parts, path, deadline.limits)
    end = steps_to_quarters(max(note.end for part in parts for note in part.grid_notes))
    metas = sorted(meta for track in file.tracks for meta in track.metas)

    def onset(meta: midi_parser.Meta) -> Fraction:
        return steps_to_quarters(grids.place(meta.tick))

    measures = measures_until(end, ((onset(meta), meter) for meta, meter in _meters(metas)))
    if measures is None:
        raise too_many_bars(path)
    return Score(
        title=_title(file, parts) or printable(path.stem),
        parts=tuple(parts),
        measures=measures,
        tempos=tempo_map((onset(meta), bpm) for meta, bpm in _tempos(metas)),
        key=next(_keys(metas), None),
        quantization=quantization,
        symbols=tuple(Symbol(onset(meta), chord) for meta, chord in _symbols(metas)),
        syllables=tuple(sorted({onset(meta) for meta in _syllables(metas)})),
        facts=embedded_facts(file),
    )


def _instruments(
    file: midi_parser.MidiFile,
) -> Iterator[tuple[str, Instrument, int, list[TimedPitch]]]:
    """Each channel of each track that has notes: name, instrument, channel, notes by onset."""
    anywhere = _programs([program for track in file.tracks for program in track.programs])
    for number, track in enumerate(file.tracks, start=1):
        its_own = _programs(track.programs)
        channels: dict[int, list[TimedPitch]] = {}
        for on, off, channel, pitch, velocity in track.notes:
            channels.setdefault(channel, []).append((on, off, pitch, velocity))
        own = track.text(midi_parser.TRACK_NAME) or track.text(midi_parser.INSTRUMENT_NAME)
        for channel, notes in sorted(channels.items()):
            program = its_own.get(channel, anywhere.get(channel))
            standard = "Drums" if channel == DRUM_CHANNEL else PROGRAM_NAMES[program or 0]
            # One name for a track of many channels names the piece, not its instruments.
            name = own if own and len(channels) == 1 else standard
            if name == standard and program is None and channel != DRUM_CHANNEL:
                name = f"Track {number}" if len(channels) == 1 else f"Channel {channel}"
            yield name, Instrument(name, program or 0), channel, notes


def _plays_a_kit(notes: Sequence[TimedPitch]) -> bool:
    """True for the notes of a drum kit on a channel that is not that of drums: bass drum, snare and
    cymbals of General MIDI, which are often struck together."""
    struck: dict[int, set[int]] = {}
    for on, _, pitch, _ in notes:
        struck.setdefault(on, set()).add(pitch)
    groups = [sum(pitch in group for _, _, pitch, _ in notes) for group in _KIT]
    together = sum(bool(pitches & _CYMBALS and pitches - _CYMBALS) for pitches in struck.values())
    return (
        len(notes) >= _MIN_STROKES
        and min(groups) >= _MIN_SHARE * len(notes)
        and sum(groups) >= _MOST * len(notes)
        and together >= _MIN_TOGETHER * len(struck)
    )


def _programs(changes: Sequence[midi_parser.Program]) -> dict[int, int]:
    """The program that each channel plays first, of those that are named."""
    return {change.channel: change.number for change in reversed(changes)}


def _title(file: midi_parser.MidiFile, parts: Sequence[ScorePart]) -> str:
    """The first name that is a title, of a track without notes or of the only track."""
    for track in file.tracks:
        name = track.text(midi_parser.TRACK_NAME)
        names_piece = not track.notes or (len(file.tracks) == 1 and len(parts) > 1)
        if names_piece and name.lower() not in _NO_TITLES:
            return name
    return ""


def _meters(metas: Iterable[midi_parser.Meta]) -> Iterator[tuple[midi_parser.Meta, Meter]]:
    for meta in metas:
        if meta.kind == midi_parser.TIME_SIGNATURE and len(meta.data) >= 2:
            beats, power = meta.data[:2]
            if meter := meter_of(beats, 1 << power):
                yield meta, meter


def _tempos(metas: Iterable[midi_parser.Meta]) -> Iterator[tuple[midi_parser.Meta, float]]:
    for meta in metas:
        if meta.kind == midi_parser.SET_TEMPO and len(meta.data) == 3:
            microseconds = int.from_bytes(meta.data, "big")
            if microseconds:
                yield meta, midi_parser.MICROSECONDS_PER_MINUTE / microseconds


def _keys(metas: Iterable[midi_parser.Meta]) -> Iterator[int]:
    for meta in metas:
        if meta.kind == midi_parser.KEY_SIGNATURE and len(meta.data) == 2:
            sharps = int.from_bytes(meta.data[:1], "big", signed=True)
            if abs(sharps) <= MAX_KEY_ACCIDENTALS:
                yield sharps


def _symbols(
    metas: Iterable[midi_parser.Meta],
) -> Iterator[tuple[midi_parser.Meta, Chord | None]]:
    """The chord symbols in markers such as `chord: Dm7`, as `outputs/midi.py` writes them; None is
    N.C. Other markers name sections."""
    for meta in metas:
        if meta.kind != midi_parser.MARKER:
            continue
        text = midi_parser.decode_text(meta.data)
        if not text.startswith(CHORD_MARKER):
            continue
        symbol = text.removeprefix(CHORD_MARKER)
        with suppress(ChordSymbolError):
            yield meta, None if symbol == NO_CHORD else parse_chord_symbol(symbol)


def _syllables(metas: Sequence[midi_parser.Meta]) -> list[midi_parser.Meta]:
    """The syllables of a text: lyric events or, in karaoke files, text events. Remarks are not, nor
    are the names of chords."""
    for kind in (midi_parser.LYRIC, midi_parser.TEXT):
        sung = [meta for meta in metas if meta.kind == kind and meta.data[:1] not in (b"@", b"")]
        chords = sum(_is_chord(midi_parser.decode_text(meta.data)) for meta in sung)
        if len({meta.tick for meta in sung}) >= _MIN_SYLLABLES and 2 * chords <= len(sung):
            return sung
    return []


def _is_chord(text: str) -> bool:
    try:
        parse_chord_symbol(text)
    except ChordSymbolError:
        return False
    return True
