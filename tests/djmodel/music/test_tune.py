"""Tunes: notes, chords and excerpts, transposition, JSON."""

import json
from dataclasses import replace
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djmodel.music.changes import parse_changes
from djmodel.music.chord import Chord
from djmodel.music.chord_symbol import chord_symbol, parse_chord_symbol
from djmodel.music.meter import Meter
from djmodel.music.tune import Bar, Change, Instrument, Note, Part, Section, Tempo, Tune
from djmodel.music.tune_json import facts_to_json, tune_from_json, tune_to_json, with_facts

C, G7 = Chord.of(0, (0, 4, 7)), Chord.of(7, (0, 4, 7, 10), bass=11)


def two_bars():
    """C5 for three beats, then G5 tied over the bar line; a bass note held through both bars."""
    return Tune(
        title="Two bars",
        bars=(
            Bar(
                Meter(4, 4),
                F(4),
                (Note(72, F(0), F(3)), Note(79, F(3), F(1))),
                (Change(F(0), C), Change(F(2), G7)),
            ),
            Bar(
                Meter(4, 4), F(4), (Note(79, F(0), F(1, 3), tied=True),), (Change(F(0), C, False),)
            ),
        ),
        tempos=(Tempo(F(0), 90.0), Tempo(F(6), 120.0)),
        instrument=Instrument("Flute", 73),
        accompaniment=(Part(Instrument("Bass", 32), (Note(36, F(1), F(6)), Note(43, F(7), F(1)))),),
        key=-1,
        performer="Frank Wess",
        style="swing",
        feel="ballad",
        phrases=(F(0), F(3)),
        sections=(Section(0, "A1"), Section(1, "B1")),
        choruses=(0,),
    )


def test_tied_notes_are_one_note_of_the_melody():
    assert [(n.pitch, n.onset, n.duration) for n in two_bars().melody_notes()] == [
        (72, 0, 3),
        (79, 3, F(4, 3)),
    ]


def test_the_chord_that_holds_at_an_onset():
    bar = two_bars().bars[0]
    assert [bar.chord_at(F(t)) for t in (0, 1, 2, 3)] == [C, C, G7, G7]


def test_onsets_of_an_excerpt_count_from_its_start():
    second = two_bars().excerpt(2, 2)
    assert len(second.bars) == 1
    # the held bass note began before; the last one is at beat 3 of the second bar
    assert second.accompaniment[0].notes == (Note(43, F(3), F(1)),)
    assert second.tempos == (Tempo(F(0), 90.0), Tempo(F(2), 120.0))


def test_an_excerpt_cuts_notes_at_its_end():
    first = two_bars().excerpt(1, 1)
    assert first.accompaniment[0].notes == (Note(36, F(1), F(3)),)


def test_a_repeated_tune_is_played_twice():
    twice = two_bars().repeated(2)
    assert twice.length == 16
    assert [n.onset for n in twice.accompaniment[0].notes] == [1, 7, 9, 15]
    assert [t.onset for t in twice.tempos] == [0, 6, 8, 14]
    assert twice.excerpt(3, 4).bars == two_bars().bars
    assert twice.excerpt(3, 4).accompaniment == two_bars().accompaniment


def test_phrases_sections_and_choruses_of_an_excerpt_count_from_its_start():
    # an upbeat phrase into a chorus of four bars, A1 and A2 of two bars each, played twice
    song = replace(
        two_bars().repeated(4),
        phrases=(F(3), F(9), F(20)),
        sections=tuple(Section(bar, name) for bar, name in enumerate(["A1", "A2"] * 2)),
        choruses=(0, 4),
    )
    song = replace(song, sections=tuple(Section(2 * bar, name) for bar, name in song.sections))
    middle = song.excerpt(2, 6)  # from the second bar of A1
    assert middle.phrases == (5, 16)
    assert middle.sections == ((0, "A1"), (1, "A2"), (3, "A1"))
    assert middle.choruses == (3,)
    assert song.excerpt(1, len(song.bars)) == song


def test_a_repeated_tune_has_its_phrases_sections_and_choruses_again():
    twice = two_bars().repeated(2)
    assert twice.phrases == (0, 3, 8, 11)
    assert twice.sections == ((0, "A1"), (1, "B1"), (2, "A1"), (3, "B1"))
    assert twice.choruses == (0, 2)
    assert twice.excerpt(1, 2) == two_bars()


def test_a_tune_stored_before_it_had_a_performer_is_read():
    stored = json.loads(json.dumps(tune_to_json(two_bars())))
    for name in ("performer", "style", "feel", "phrases", "sections", "choruses"):
        del stored[name]
    read = tune_from_json(stored)
    assert (read.performer, read.style, read.feel) == ("", "", "")
    assert read.phrases == read.sections == read.choruses == ()


@given(st.integers(-11, 11))
def test_transposing_back_gives_the_tune_again(distance):
    tune = replace(two_bars(), key=None)
    there = tune.transposed(distance)
    assert there.transposed(-distance) == tune
    assert there.bars[0].changes[0].chord.root == distance % 12


def test_a_tune_read_back_from_json_is_equal():
    assert tune_from_json(json.loads(json.dumps(tune_to_json(two_bars())))) == two_bars()


def test_what_is_known_of_a_performance_is_stored_beside_its_notes() -> None:
    tune = parse_changes("[A] C | F | [B] G | C")
    known = replace(tune, performer="Miles Davis", feel="swing", phrases=(F(1, 2),))
    bare = replace(tune, sections=(), choruses=())
    assert with_facts(bare, facts_to_json(known)) == known
    assert facts_to_json(bare) == b""


def test_the_performer_is_known_without_the_silent_bars_at_the_end() -> None:
    """The last section and its phrase are silent, so that a MIDI file ends before them."""
    tune = parse_changes("[A] C | F | [B] G | C")
    known = replace(tune, performer="Miles Davis", phrases=(F(1), F(9)))
    read = with_facts(tune.excerpt(1, 2), facts_to_json(known))
    assert (read.performer, read.phrases) == ("Miles Davis", (F(1),))
    assert read.sections == (Section(0, "A"),)


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"[]",
        b'{"feel": 5}',
        b'{"sections": [[1, "B"], [0, "A"]]}',
        b'{"phrases": ["1/0"]}',
        b"[" * 9999,
    ],
)
def test_damaged_facts_of_a_performance_are_not_taken(stored: bytes) -> None:
    tune = parse_changes("C | F")
    assert with_facts(tune, stored) == tune


def test_json_of_a_tune_is_compact():
    stored = json.loads(json.dumps(tune_to_json(two_bars())))
    assert stored["bars"][1] == {
        "meter": [4, 4],
        "length": "4",
        "melody": [[79, "0", "1/3", 80, 1]],
        "changes": [["0", 0, [0, 4, 7], 0, False, None]],
    }
    assert stored["tempos"][1] == ["6", 120.0]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("bars",), []),
        (("title",), None),
        (("key",), 8),
        (("instrument",), ["Flute", 128]),
        (("tempos", 0), ["0", 0.0]),
        (("tempos", 0), ["0", float("inf")]),
        (("tempos", 0), ["0", float("nan")]),
        (("bars", 0, "meter"), [4, 0]),
        (("bars", 0, "meter"), [4, 4, 4]),
        (("bars", 0, "length"), "0"),
        (("bars", 0, "length"), "1025"),
        (("bars", 0, "length"), 4),
        (("bars", 0, "length"), ["4"]),
        (("bars", 0, "changes"), []),
        (("bars", 0, "changes", 0, 0), "1"),
        (("bars", 0, "changes", 0, 1), 12),
        (("bars", 0, "changes", 0, 2), [0, 12]),
        (("bars", 0, "melody", 0, 0), 128),
        (("bars", 0, "melody", 0, 0), 60.5),
        (("bars", 0, "melody", 0, 1), "1/0"),
        (("bars", 0, "melody", 0, 1), "1e999999999"),
        (("bars", 0, "melody", 0, 1), {}),
        (("bars", 0, "melody", 0, 4), 2),
        (("performer",), "x" * 501),
        (("style",), None),
        (("feel",), 3),
        (("phrases",), ["-1"]),
        (("phrases",), ["3", "3"]),
        (("phrases",), ["8"]),  # the end of the tune
        (("sections",), [[0, "A1"], [0, "A2"]]),
        (("sections",), [[2, "A1"]]),
        (("sections",), [[0]]),
        (("sections",), [[0, "x" * 501]]),
        (("choruses",), [-1]),
        (("choruses",), [1, 0]),
        (("choruses",), [10**400]),
    ],
)
def test_json_that_is_not_a_tune_is_a_value_error(path, value):
    stored = json.loads(json.dumps(tune_to_json(two_bars())))
    *way, last = path
    target = stored
    for step in way:
        target = target[step]
    target[last] = value
    with pytest.raises(ValueError):  # noqa: PT011 (msgspec's ValidationError)
        tune_from_json(json.loads(json.dumps(stored)))


@pytest.mark.parametrize("stored", [None, [], "", {}, {"title": ""}])
def test_json_without_the_fields_of_a_tune_is_refused(stored):
    with pytest.raises(ValueError):  # noqa: PT011 (msgspec's ValidationError)
        tune_from_json(stored)


def symbols(tune):
    return [chord_symbol(c.chord, tune.key) for bar in tune.bars for c in bar.changes]


def in_c(*names):
    changes = (Change(F(i), parse_chord_symbol(name)) for i, name in enumerate(names))
    return Tune("", (Bar(Meter(4, 4), F(4), (), tuple(changes)),), key=0)


def test_json_keeps_the_spelling_of_chord_symbols():
    tune = in_c("F#-7", "Ebdim7", "C△7/B")
    stored = json.loads(json.dumps(tune_to_json(tune)))
    assert symbols(tune_from_json(stored)) == ["F#-7", "Ebdim7", "C△7/B"]
    moved = tune.transposed(1)
    assert symbols(tune_from_json(tune_to_json(moved))) == symbols(moved)


def test_json_without_symbols_of_earlier_versions_is_read():
    stored = json.loads(json.dumps(tune_to_json(in_c("C"))))
    stored["bars"][0]["changes"] = [change[:5] for change in stored["bars"][0]["changes"]]
    assert symbols(tune_from_json(stored)) == ["C"]


@pytest.mark.parametrize(
    "written",
    [[0, "m", None], [0, "x", None], [1, "", None], [0, "", 2], [0, "\n", None], [99, "", None],
     [0, "(9)" * 30, None], "C", [0, ""]],
)  # fmt: skip
def test_json_with_a_symbol_of_another_chord_is_refused(written):
    stored = json.loads(json.dumps(tune_to_json(in_c("C"))))
    stored["bars"][0]["changes"][0][5] = written
    with pytest.raises(ValueError, match=r"symbol|Expected"):
        tune_from_json(stored)


def test_chord_symbols_of_a_transposed_tune_move_with_its_key():
    tune = in_c("C-7", "F#dim7", "Bb7")
    assert symbols(tune.transposed(3)) == ["Eb-7", "Adim7", "Db7"]
    assert symbols(tune.transposed(2)) == ["D-7", "G#dim7", "C7"]
    assert tune.transposed(3).key == -3
    # F sharp or G flat major
    assert (tune.transposed(6).key, tune.transposed(6, key=6).key) == (-6, 6)
    assert symbols(tune.transposed(6, key=6)) == ["F#-7", "Cdim7", "E7"]
    assert replace(tune, key=None).transposed(3).key is None
