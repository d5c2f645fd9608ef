"""Parts for transposing instruments: what is written, and that it sounds as before."""

from __future__ import annotations

import warnings
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import verovio
from helpers.handmade_tunes import QUAVER, bar, blues
from hypothesis import given, settings
from hypothesis import strategies as st
from music21 import converter, harmony, note

from djmodel.music.instruments import Instrument, PartKey
from djmodel.music.tune import Tune
from djmodel.outputs.notation.musicxml import musicxml
from djmodel.outputs.notation.written_part import PART_KEYS, written_part

TENOR, ALTO = Instrument("Tenor Sax", 66), Instrument("Alto Sax", 65)
TROMBONE, GUITAR, BASS = Instrument("Trombone", 57), Instrument("Guitar", 26), Instrument("", 32)
PIANO, HORN, BARITONE = Instrument(), Instrument("French Horn", 60), Instrument("", 67)


def played_on(instrument: Instrument, pitch: int = 60, key: int = 0) -> Tune:
    """One bar of C7, and of the note that the instrument plays."""
    return Tune("", (bar("C7", [(pitch, 4)]),), instrument=instrument, key=key)


@pytest.mark.parametrize(
    ("instrument", "sounding", "key", "written", "clef"),
    [
        (TENOR, 58, "Bb", 72, "treble"),  # a ninth above
        (TENOR, 62, "C", 62, "treble"),
        (TENOR, 58, "C", 58, "octave treble"),  # as it sounds, without ledger lines
        (ALTO, 63, "Eb", 72, "treble"),  # a major sixth above
        (BARITONE, 51, "Eb", 72, "treble"),  # an octave more
        (Instrument("Trumpet", 56), 70, "Bb", 72, "treble"),  # a whole tone above
        (Instrument("Bass Clarinet", 71), 58, "Bb", 72, "treble"),  # by its name, a ninth above
        (HORN, 65, "F", 72, "treble"),  # a fifth above
        (TROMBONE, 50, "C", 50, "bass"),
        (TROMBONE, 65, "C", 65, "bass"),
        (TROMBONE, 70, "C", 70, "tenor"),  # where the bass clef has only ledger lines
        (GUITAR, 60, "C", 72, "treble"),  # an octave above
        (BASS, 40, "C", 52, "bass"),  # an octave above
        (Instrument("Viola", 41), 60, "C", 60, "alto"),
        (PIANO, 72, "C", 72, "treble"),
        (PIANO, 40, "C", 40, "bass"),
        (BARITONE, 40, "C", 40, "bass"),
        (PIANO, 70, "Bb", 72, "treble"),
        (TROMBONE, 46, "Bb", 72, "treble"),  # two octaves up, into the staff of a trumpet
        (Instrument("Flute", 73), 84, "Eb", 69, "treble"),  # not far above the staff
    ],
)
def test_a_part_has_the_octave_and_clef_of_the_instrument(
    instrument: Instrument, sounding: int, key: PartKey, written: int, clef: str
) -> None:
    part = written_part(played_on(instrument, sounding), key)
    assert part.tune.melody_notes()[0].pitch == written
    assert part.clef == clef


@pytest.mark.parametrize(
    ("sounding", "key", "written"),
    [
        (-3, "Bb", -1), (-3, "Eb", 0), (-3, "F", -2), (0, "Bb", 2), (4, "Bb", 6),
        # B major would have seven sharps, D flat has five flats; A for alto six sharps.
        (5, "Bb", -5), (3, "Eb", 6), (5, "Eb", -4), (-6, "Bb", -4), (7, "C", 7),
    ],
)  # fmt: skip
def test_the_key_signature_has_at_most_six_signs(sounding: int, key: PartKey, written: int) -> None:
    assert written_part(played_on(TENOR, key=sounding), key).tune.key == written


def chords(tune: Tune) -> list[str]:
    root = converter.parseData(musicxml(written_part(tune, "Eb")), format="musicxml")
    return [mark.figure for mark in root.recurse().getElementsByClass(harmony.ChordSymbol)]


def test_chord_symbols_are_transposed_as_a_copyist_writes_them() -> None:
    # In A flat, for alto in F: B7 and C#m7b5 are no G#7 and A#m7b5.
    tune = Tune("", (bar("Abmaj7 B7", []), bar("C#m7b5 F#7", []), bar("Ebm7/Bb Dbm", [])), key=-4)
    assert chords(tune) == ["Fmaj7", "A-7", "B-ø7", "E-7", "Cm7/G", "B-m"]


def heard(score: Any) -> list[tuple[int, Fraction, Fraction]]:
    """Pitch, onset and duration of the notes that a score of music21 sounds."""
    sounding = score.toSoundingPitch().stripTies().flatten()
    return [
        (
            n.pitch.midi,
            Fraction(n.offset).limit_denominator(48),
            Fraction(n.quarterLength).limit_denominator(48),
        )
        for n in sounding.getElementsByClass(note.Note)
    ]


@pytest.mark.parametrize("key", PART_KEYS)
def test_every_part_sounds_as_the_tune_and_opens_without_a_warning(
    key: PartKey, capfd: pytest.CaptureFixture[str]
) -> None:
    tune = replace(blues(), instrument=ALTO)
    written = musicxml(written_part(tune, key))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = converter.parse(written, format="musicxml", forceSource=True)
        assert heard(read) == [(n.pitch, n.onset, n.duration) for n in tune.melody_notes()]
    roots = [
        mark.root().pitchClass
        for mark in read.toSoundingPitch().recurse().getElementsByClass(harmony.ChordSymbol)
    ]
    assert {*roots} == {c.chord.root for each in tune.bars for c in each.changes}
    verovio.enableLog(verovio.LOG_WARNING)
    assert verovio.toolkit().loadData(written)
    assert capfd.readouterr() == ("", "")


@settings(max_examples=6, deadline=None)
@given(
    st.lists(st.integers(40, 90), min_size=1, max_size=8),
    st.integers(-7, 7),
    st.sampled_from(PART_KEYS),
    st.sampled_from([TENOR, ALTO, BARITONE, TROMBONE, GUITAR, BASS, PIANO, HORN]),
)
def test_any_melody_sounds_the_same_from_any_part(
    pitches: list[int], signature: int, key: PartKey, instrument: Instrument
) -> None:
    notes = [(pitch, QUAVER) for pitch in pitches]
    tune = Tune("", (bar("C7alt", notes),), instrument=instrument, key=signature)
    read = converter.parseData(musicxml(written_part(tune, key)), format="musicxml")
    assert [pitch for pitch, _, _ in heard(read)] == pitches
