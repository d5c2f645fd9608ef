"""The score within a performance: a MIDI file that carries the MIDI file that it is played from.

The score is the data of a sequencer-specific event, with a digest of the performed notes: in a file
whose notes were changed since, it no longer counts. `outputs/midi.py` writes it, `inputs/midi.py`
reads it.
"""

from __future__ import annotations

from hashlib import sha256

from djmodel.inputs.midi_parser import SEQUENCER_SPECIFIC, MidiFile

_MARK = b"\x7ddjmodel score\x00"  # 7D: the manufacturer of software that is not sold
_DIGEST_BYTES = 32


def embed(score: bytes, performance: MidiFile) -> bytes:
    """The data of the event that holds the MIDI file `score` in a performance."""
    return _MARK + _digest(performance) + score


def embedded_score(performance: MidiFile) -> bytes | None:
    """The MIDI file of the score that a performance holds; None if it holds none, or another's."""
    metas = (meta for track in performance.tracks for meta in track.metas)
    start = len(_MARK) + _DIGEST_BYTES
    for meta in metas:
        if meta.kind == SEQUENCER_SPECIFIC and meta.data.startswith(_MARK):
            score = meta.data[start:]
            return score if meta.data[:start] == _MARK + _digest(performance) else None
    return None


def _digest(file: MidiFile) -> bytes:
    """The SHA-256 of all notes, by track."""
    return sha256(repr([list(map(tuple, track.notes)) for track in file.tracks]).encode()).digest()
