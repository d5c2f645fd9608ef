"""The score within a performance: a MIDI file that carries the MIDI file that it is played from.

The score is the data of sequencer-specific events, each with a digest of the performed notes: in a
file whose notes were changed since, it no longer counts. A long score has several events, because
some programs refuse large ones. `outputs/midi.py` writes it, `inputs/midi.py` reads it.
"""

from __future__ import annotations

from hashlib import sha256

from djmodel.inputs.midi_parser import SEQUENCER_SPECIFIC, MidiFile

_MARK = b"\x7ddjmodel score\x00"  # 7D: the manufacturer of software that is not sold
_MAX_BYTES = 500_000  # of the score, in an event; mido reads events of up to 1,000,000


def embed(score: bytes, performance: MidiFile) -> list[bytes]:
    """The data of the events that hold the MIDI file `score` in a performance."""
    start = _MARK + _digest(performance)
    return [start + score[at : at + _MAX_BYTES] for at in range(0, len(score), _MAX_BYTES)]


def embedded_score(performance: MidiFile) -> bytes | None:
    """The MIDI file of the score that a performance holds; None if it holds none, or another's."""
    metas = (meta for track in performance.tracks for meta in track.metas)
    parts = [m.data for m in metas if m.kind == SEQUENCER_SPECIFIC and m.data.startswith(_MARK)]
    if not parts:
        return None
    start = _MARK + _digest(performance)
    if not all(part.startswith(start) for part in parts):
        return None
    return b"".join(part.removeprefix(start) for part in parts)


def _digest(file: MidiFile) -> bytes:
    """The SHA-256 of all notes, by track."""
    return sha256(repr([list(map(tuple, track.notes)) for track in file.tracks]).encode()).digest()
