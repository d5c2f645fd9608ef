"""MusicXML, read back by music21 and compared with the tune."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from helpers.handmade_tunes import QUAVER, REST, TIED, TRIPLET, bar, blues
from music21 import clef, converter, harmony, note, tempo

from djmodel.music.changes import parse_changes, read_chart
from djmodel.music.chord_kind import chord_kind
from djmodel.music.chord_symbol import parse_chord_symbol
from djmodel.music.meter import Meter
from djmodel.music.tune import Bar, Change, Instrument, Note, Tempo, Tune
from djmodel.outputs.charts.repeats import with_repeats
from djmodel.outputs.notation.musicxml import NotationError, musicxml, write_musicxml
from djmodel.outputs.notation.written_part import written_part
from seqmodel.errors import FileError, InputError


def read_back(tune: Tune) -> Any:
    """The score that music21 reads, at its sounding pitch."""
    written = musicxml(written_part(tune))
    return converter.parse(written, format="musicxml", forceSource=True).toSoundingPitch()


def root_of(tune: Tune) -> ET.Element:
    return ET.fromstring(musicxml(written_part(tune)).encode("utf-8"))


def texts(tune: Tune, tag: str) -> list[str | None]:
    return [element.text for element in root_of(tune).iter(tag)]


def test_music21_reads_back_the_notes_of_the_tune() -> None:
    tune = blues()
    read = [
        (n.pitch.midi, Fraction(n.offset).limit_denominator(48), n.duration.quarterLength)
        for n in read_back(tune).flatten().stripTies().notes
        if isinstance(n, note.Note)
    ]
    assert [(p, o, Fraction(d).limit_denominator(48)) for p, o, d in read] == [
        (n.pitch, n.onset, n.duration) for n in tune.melody_notes()
    ]


def test_bars_pickup_and_key_signature_are_written() -> None:
    measures = list(read_back(blues()).parts[0].getElementsByClass("Measure"))
    assert [m.number for m in measures] == list(range(13))
    assert measures[0].keySignature.sharps == -4
    first, second, *_ = root_of(blues()).iter("measure")
    assert (first.get("implicit"), second.get("implicit")) == ("yes", None)


def test_a_tune_in_a_flat_key_is_written_without_sharps() -> None:
    alters = {n.pitch.alter for n in read_back(blues()).flatten().getElementsByClass(note.Note)}
    assert alters <= {0.0, -1.0}


def test_a_low_melody_is_in_the_bass_clef() -> None:
    piano = replace(blues(), instrument=Instrument())
    low = read_back(piano.transposed(-24)).flatten().getElementsByClass(clef.Clef)
    assert isinstance(low.first(), clef.BassClef)


# What players type after a root.
SUFFIXES = """
m - min mi 7 maj7 △7 △ ^7 M7 MA7 m7 -7 min7 6 m6 -6 69 6/9 m6/9 dim ° dim7 °7 o7 ø ø7 m7b5 -7b5
aug + 5 sus sus4 sus2 sus24 7sus4 7sus 9sus4 13sus4 7sus4(b9) 13sus4(b9) mMaj7 m(maj7) -△7 9
maj9 m9 mMaj9 add9 madd9 2 7(#5) +7 7#5 aug7 7b5 9(#5) 9b5 maj7#5 +maj7 maj7b5 dimMaj7 13 m11
m13 maj13 11 m9b5 m11b5 7alt alt 7(13) m9(13) mMaj9(13) mMaj9(#11) 7b9 7(#9) 7b9#9 7#11 9#11
13#11 7b13 9(b13) 7b9b13 7#9b13 7(#9#11) 13b9 13#9 13b9#9 13(b9#9#11) 7#5#9 7#5b9 7b5b9 7b5#9
maj7#11 maj9#11 maj7(#9) maj7(#9#11) 6(#11) 6/9(#11) m7(b9) m7(11) m7add11 add11 m7b5(b9) 7no5
no3 (no5) (addb13) 13(no5)
"""


def test_music21_reads_from_every_chord_symbol_the_tones_of_its_chord() -> None:
    symbols = [
        "C",
        *("C" + suffix for suffix in SUFFIXES.split()),
        "C/E",
        "D7/F#",
        "F/G",
        "Am7/D",
        "F#7/E",
    ]
    read = read_back(Tune("", tuple(bar(symbol, []) for symbol in symbols), key=0))
    before = None
    for symbol, measure in zip(symbols, read.parts[0].getElementsByClass("Measure"), strict=True):
        chord, marks = parse_chord_symbol(symbol), measure.getElementsByClass(harmony.ChordSymbol)
        assert len(marks) == 1 or (len(marks) == 0 and chord == before), symbol
        for mark in marks:
            assert mark.root().pitchClass == chord.root
            assert mark.bass().pitchClass == chord.bass
            tones = {pitch.pitchClass for pitch in mark.pitches}
            assert tones == chord.pitch_classes | {chord.bass}, symbol
        before = chord


@pytest.mark.parametrize(
    ("symbol", "kind", "degrees"),
    [
        ("C7alt", "dominant", "-5 +b9 +#9 +#11 +b13"),
        ("C7b5", "dominant", "b5"),
        ("C7#5", "augmented-seventh", ""),
        ("C7sus4", "dominant", "-3 +4"),
        ("C13sus4", "dominant-13th", "-3"),
        ("C13", "dominant-13th", "-11"),
        ("C7b9b13", "dominant", "+b9 +b13"),
        ("Cø", "half-diminished", ""),
        ("Cmaj7#11", "major-seventh", "+#11"),
        ("C6/9", "major-sixth", "+9"),
    ],
)
def test_kind_and_degrees_are_those_of_the_symbol(symbol: str, kind: str, degrees: str) -> None:
    signs = {"add": "+", "subtract": "-", "alter": ""}
    found, changes = chord_kind(parse_chord_symbol(symbol))
    assert found == kind
    text = [f"{signs[c]}{'b#'[alter > 0] if alter else ''}{n}" for c, n, alter in changes]
    assert " ".join(text) == degrees


def test_chords_are_written_as_they_were_typed() -> None:
    tune = parse_changes("F#7 | Ebdim7 | C-7/G | B♭△7(♯11) | Gb7")
    kinds = [kind.get("text") for kind in root_of(tune).iter("kind")]
    assert kinds == ["7", "dim7", "-7", "△7(#11)", "7"]
    assert texts(tune, "root-step") == ["F", "E", "C", "B", "G"]
    assert texts(tune, "root-alter") == ["1", "-1", "-1", "-1"]


def test_the_text_of_a_chord_is_its_symbol() -> None:
    [kind] = root_of(Tune("", (bar("Bbm7b5", [(70, 4)]),), key=-2)).iter("kind")
    assert (kind.text, kind.get("text")) == ("half-diminished", "m7b5")


def test_the_root_of_a_chord_symbol_has_its_accidental_whatever_the_key() -> None:
    # An E flat is in the chord: the root D has no sign.
    assert texts(Tune("", (bar("Ddim7", [(62, 4)]),), key=-3), "root-alter") == []


def test_a_silent_chord_is_written_as_nc() -> None:
    change = Change(Fraction(0), parse_chord_symbol("C"), sounding=False)
    silent = Bar(Meter(4, 4), Fraction(4), (), (change,))
    [kind] = root_of(Tune("", (silent,))).iter("kind")
    assert (kind.text, kind.get("text")) == ("none", "N.C.")


def test_an_empty_bar_is_a_bar_of_rest() -> None:
    root = root_of(Tune("", (bar("C", [], Meter(3, 4)), bar("C", [(60, 3)], Meter(3, 4)))))
    assert [rest.get("measure") for rest in root.iter("rest")] == ["yes"]


def test_a_note_over_two_bar_lines_is_tied() -> None:
    # Five quavers from the middle of the first bar into the third.
    tune = Tune("", (bar("C", [(REST, 2), (60, 2)]), bar("C", [(60, 4, TIED)]),
                     bar("C", [(60, 1, TIED), (60, 1)])))  # fmt: skip
    notes = list(read_back(tune).flatten().getElementsByClass(note.Note))
    assert [n.tie.type if n.tie else None for n in notes] == ["start", "continue", "stop", None]


def test_a_note_that_needs_two_written_values_is_tied_to_itself() -> None:
    # Five sixteenths from the start of the bar, then a new note of the same pitch.
    tune = Tune("", (bar("C", [(60, Fraction(5, 4)), (60, Fraction(3, 4))]),))
    notes = list(read_back(tune).flatten().getElementsByClass(note.Note))
    assert [n.tie.type if n.tie else None for n in notes] == ["start", "stop", None]


def test_triplets_are_bracketed_once() -> None:
    root = root_of(Tune("", (bar("C", [(60, TRIPLET), (62, TRIPLET), (64, TRIPLET)]),)))
    assert [bracket.get("type") for bracket in root.iter("tuplet")] == ["start", "stop"]
    assert [element.text for element in root.iter("actual-notes")] == ["3", "3", "3"]


@pytest.mark.parametrize("beats", [2, 4, 5, 6, 7])
def test_quavers_are_beamed_by_the_quarter(beats: int) -> None:
    quavers = [(60, QUAVER)] * (2 * beats)
    tune = Tune("", (bar("C", quavers, Meter(beats, 4)),))
    assert texts(tune, "beam") == ["begin", "end"] * beats


@pytest.mark.parametrize(
    ("meter", "referent", "number"), [(Meter(6, 8), 1.5, 80), (Meter(3, 8), 0.5, 240)]
)
def test_the_tempo_is_that_of_the_beat(meter: Meter, referent: float, number: int) -> None:
    tune = Tune("", (bar("C", [(60, QUAVER)], meter),), (Tempo(Fraction(0), 120.0),))
    mark = read_back(tune).flatten().getElementsByClass(tempo.MetronomeMark).first()
    assert (mark.referent.quarterLength, mark.number) == (referent, number)


def test_a_part_is_named_after_its_instrument() -> None:
    # "rh" (right hand) is not an instrument.
    tune = replace(blues(), instrument=Instrument("rh:", 0))
    assert texts(tune, "part-name") == ["Piano"]
    assert texts(blues(), "part-name") == ["Guitar"]


def test_the_file_has_no_composer_and_no_date() -> None:
    assert texts(blues(), "creator") == texts(blues(), "encoding-date") == []


def test_music21_plays_the_repeats_and_endings_of_a_chart_as_they_are_played_here() -> None:
    chart = with_repeats(read_chart("rhythm-changes"))
    written = converter.parse(musicxml(written_part(chart)), format="musicxml", forceSource=True)
    assert len(written.parts[0].getElementsByClass("Measure")) == 26
    played = written.parts[0].expandRepeats().recurse().getElementsByClass(harmony.ChordSymbol)
    roots = [symbol.root().pitchClass for symbol in played]
    changes = [change.chord.root for bar in chart.played().bars for change in bar.changes]
    # Written symbols are only where the chord changes.
    assert [k for k, _ in groupby(roots)] == [k for k, _ in groupby(changes)]


class TestErrors:
    def test_a_bar_of_a_length_that_has_no_written_value_is_refused(self) -> None:
        # Four quarters and a fifth of one.
        odd = Bar(Meter(4, 4), Fraction(21, 5), (Note(60, Fraction(0), Fraction(1)),),
                  bar("C", []).changes)  # fmt: skip
        with pytest.raises(NotationError, match="bar 1 cannot be written"):
            musicxml(written_part(Tune("", (odd,))))

    def test_a_tune_without_bars_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(NotationError, match="no bar"):
            write_musicxml(written_part(Tune("Nothing", ())), tmp_path / "nothing.xml")
        assert list(tmp_path.iterdir()) == []

    def test_another_suffix_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"\.musicxml or \.xml"):
            write_musicxml(written_part(blues()), tmp_path / "solo.mxl")

    def test_a_file_in_place_of_the_folder_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(FileError):
            write_musicxml(written_part(blues()), tmp_path / "file" / "solo.musicxml")
