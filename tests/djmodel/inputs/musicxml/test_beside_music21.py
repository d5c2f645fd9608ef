"""The reader of MusicXML beside music21: what both read in pieces of music21's corpus."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from djmodel.inputs.quantization import quantize_time
from djmodel.inputs.reader import read_score
from djmodel.inputs.sheet_music import corpus_file

PIECES = [
    "leadSheet/fosterBrownHair",  # chord symbols
    "leadSheet/berlinAlexandersRagtime",  # with repeats and endings
    "bach/bwv66.6",  # four voices, a pick-up
]


def time(element: Any) -> Fraction:
    return quantize_time(Fraction(element.offset).limit_denominator(10080))


@pytest.fixture(scope="module", params=PIECES)
def both(request):
    """The score as this project reads it, and music21's with its repeats played."""
    from music21 import converter

    path = corpus_file(request.param)
    theirs = converter.parse(path, forceSource=True).toSoundingPitch()
    return read_score(path), [part.expandRepeats().flatten() for part in theirs.parts]


def test_the_same_notes_begin_at_the_same_time(both):
    ours, theirs = both
    for part, elements in zip(ours.parts, theirs, strict=True):
        begun = {
            (time(element), note.pitch.midi)
            for element in elements.notes
            if "Harmony" not in element.classes and element.quarterLength
            for note in (element.notes if element.isChord else [element])
            if note.tie is None or note.tie.type == "start"
        }
        assert {(note.onset, note.pitch) for note in part.notes} == begun


def test_meters_and_keys_are_the_same(both):
    ours, [theirs, *_] = both
    signatures = list(theirs["TimeSignature"])
    meters = [measure.meter for measure in ours.measures]
    changes = [m for m, before in zip(meters, [None, *meters], strict=False) if m != before]
    expected = [(s.numerator, s.denominator) for s in signatures]
    assert changes[0] == expected[0]
    assert set(changes) == set(expected)
    assert ours.key == next(iter(theirs["KeySignature"])).sharps


def test_chord_symbols_have_the_same_roots_basses_and_tones(both):
    ours, theirs = both
    expected = {
        time(symbol): (
            symbol.root().pitchClass,
            symbol.bass().pitchClass,
            frozenset(pitch.pitchClass for pitch in symbol.pitches),
        )
        for part in theirs
        for symbol in part["ChordSymbol"]
    }
    found = {
        symbol.onset: (symbol.chord.root, symbol.chord.bass, symbol.chord.pitch_classes)
        for symbol in ours.symbols
        if symbol.chord is not None
    }
    assert {onset: found.get(onset) for onset in expected} == expected
