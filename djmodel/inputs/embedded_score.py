"""Data beside the notes of the MIDI files that this project writes, in sequencer-specific events:
in a performance the MIDI file of its score, in a score the facts known of its performance.

The score has a digest of the performed notes: in a file whose notes were changed since, it no
longer counts. A long score has several events, because some programs refuse large ones.
`outputs/midi.py` writes the events, `inputs/midi.py` reads them.
"""

from __future__ import annotations

from hashlib import sha256

from djmodel.inputs.midi_parser import SEQUENCER_SPECIFIC, MidiFile

_MARK = b"\x7ddjmodel score\x00"  # 7D: the manufacturer of software that is not sold
_FACTS_MARK = b"\x7ddjmodel facts\x00"
_MAX_BYTES = 500_000  # of the score, in an event; mido reads events of up to 1,000,000


def embed(score: bytes, performance: MidiFile) -> list[bytes]:
    """The data of the events that hold the MIDI file `score` in a performance."""
    start = _MARK + _digest(performance)
    return [start + score[at : at + _MAX_BYTES] for at in range(0, len(score), _MAX_BYTES)]


def embedded_score(performance: MidiFile) -> bytes | None:
    """The MIDI file of the score that a performance holds; None if it holds none, or another's."""
    parts = _events(performance, _MARK)
    start = _MARK + _digest(performance)
    if not parts or not all(part.startswith(start) for part in parts):
        return None
    return b"".join(part.removeprefix(start) for part in parts)


def facts_event(facts: bytes) -> bytes:
    """The data of the event that holds what is known of a performance (`tune_json.facts_to_json`)
    in the MIDI file of its score."""
    return _FACTS_MARK + facts


def embedded_facts(score: MidiFile) -> bytes:
    """The facts that a score holds of its performance; empty if there are none."""
    return b"".join(_events(score, _FACTS_MARK)[:1]).removeprefix(_FACTS_MARK)


def _events(file: MidiFile, mark: bytes) -> list[bytes]:
    """The data of the events with a mark."""
    metas = (meta for track in file.tracks for meta in track.metas)
    return [m.data for m in metas if m.kind == SEQUENCER_SPECIFIC and m.data.startswith(mark)]


def _digest(file: MidiFile) -> bytes:
    """The SHA-256 of all notes, by track."""
    return sha256(repr([list(map(tuple, track.notes)) for track in file.tracks]).encode()).digest()
