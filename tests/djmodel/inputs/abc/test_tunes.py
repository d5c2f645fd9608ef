"""Tunes in ABC: notes, keys, rhythm, repeats, tune books."""

from __future__ import annotations

from fractions import Fraction

import pytest

from djmodel.inputs import score
from djmodel.inputs.abc import reader
from djmodel.inputs.abc.fields import read_key, read_order, read_tempo
from djmodel.inputs.limits import LimitError
from djmodel.inputs.reader import read_score, read_scores, read_tunes
from djmodel.music.chord_symbol import chord_symbol
from djmodel.music.meter import Meter
from seqmodel.errors import FileError

F = Fraction
STEPS = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))


@pytest.fixture
def read(tmp_path):
    """Reads the score of a tune in quarter notes; `fields` stand before its key."""

    def read(music, fields="", key="C"):
        path = tmp_path / "tune.abc"
        path.write_text(f"X:1\nM:4/4\nL:1/4\n{fields}K:{key}\n{music}\n", encoding="utf-8")
        return read_score(path)

    return read


@pytest.fixture
def played(read):
    """The letters of the notes as they are played, and the remarks."""

    def played(music, fields=""):
        score = read(music, fields)
        names = {pitch: letter for letter, pitch in STEPS.items()}
        notes = "".join(names[note.pitch % 12] for note in score.parts[0].notes)
        return notes if not score.remarks else (notes, *score.remarks)

    return played


def notes(score, part=0):
    return [(n.pitch, n.onset, n.duration) for n in score.parts[part].notes]


def pitches(score):
    return [n.pitch for n in score.parts[0].notes]


def test_a_tune_has_the_composers_of_its_heading(read):
    assert read("C |]", "C:Fats Waller\nC:words by Andy Razaf\n").composer == (
        "Fats Waller, words by Andy Razaf"
    )
    assert read("C |]").composer == ""


# --- pitches -------------------------------------------------------------------------------------


def test_octaves_and_accidentals_hold_to_the_end_of_the_bar(read):
    assert pitches(read("C, C c c' | ^F f =f F | F _B B ^^C |")) == [
        48, 60, 72, 84, 66, 78, 77, 65, 65, 70, 70, 62]  # fmt: skip


def test_an_accidental_holds_for_a_note_tied_over_the_bar_line(read):
    score = read("z3 ^f- | f f z2 |")
    assert notes(score) == [(78, 3, 2), (77, 5, 1)]


@pytest.mark.parametrize(
    ("key", "signature", "altered"),
    [("G", 1, "F"), ("Gm", -2, "BE"), ("F#m", 3, "FCG"), ("Ador", 1, "F"), ("D mix", 1, "F"),
     ("Bb", -2, "BE"), ("Dmin clef=bass", -1, "B"), ("none", None, ""), ("Hp", 2, "FC"),
     ("Emajor", 4, "FCGD"), ("C bass", 0, ""), ("D exp _b", None, "B"), ("Am ^g", 0, "G")],
)  # fmt: skip
def test_keys_alter_letters(key, signature, altered):
    read = read_key(key)
    assert read.signature == signature
    assert {letter for letter, alter in read.alterations.items() if alter} == set(altered)


def test_a_part_in_another_octave_or_key_is_read_as_it_sounds(read):
    assert pitches(read("C", key="C clef=treble-8")) == [48]
    score = read('"D7" D', key="D transpose=-2")
    assert (pitches(score), score.key, chord_symbol(score.symbols[0].chord)) == ([60], 0, "C7")


# --- rhythm --------------------------------------------------------------------------------------


def test_lengths_broken_rhythm_tuplets_and_chords(read):
    score = read("c3/2 d/ e// f// g/2 z | c>d e<<f | (3abc [CEG]2 | {cd}c4 |]")
    assert [duration for _, _, duration in notes(score)] == [
        F(3, 2), F(1, 2), F(1, 4), F(1, 4), F(1, 2), F(3, 2), F(1, 2), F(1, 4), F(7, 4),
        *[F(2, 3)] * 3, 2, 2, 2, 4]  # fmt: skip
    assert score.quantization.dropped == 2  # the grace notes


def test_rests_of_several_bars_pick_ups_and_changes_of_meter(read):
    score = read("G | Z2 | c4 | [M:3/4] c3 | z2 c |")
    assert [(m.length, m.meter) for m in score.measures] == [
        (1, Meter(4, 4)), *[(4, Meter(4, 4))] * 3, *[(3, Meter(3, 4))] * 2]  # fmt: skip


def test_another_voice_in_a_bar_begins_with_it(read):
    assert notes(read("c4 & C2 E2 |")) == [(60, 0, 2), (72, 0, 4), (64, 2, 2)]


@pytest.mark.parametrize(
    ("field", "bpm"),
    [("1/4=96", 96), ('"Slow" 3/8=40', 60), ("120", 120), ("1/4 1/8=20", 30), ("fast", None)],
)
def test_tempos_are_quarter_notes_per_minute(field, bpm):
    assert read_tempo(field, F(1)) == bpm


# --- chords, voices, words -----------------------------------------------------------------------


def test_symbols_are_chords_and_words_are_not(read):
    score = read('"Dm7"c2 "^slowly"d2 | "G7/b"e2 "Allegro"f2 | "N.C."g2 "4"a2 |')
    symbols = [(s.onset, s.chord and chord_symbol(s.chord)) for s in score.symbols]
    assert symbols == [(0, "Dm7"), (4, "G7/B"), (8, None)]
    assert score.remarks == ()


def test_voices_are_parts_with_names_and_programs(read):
    score = read(
        "[V:1] c4 | d4 |\n[V:2] C2 E2 | G4 |\n%%MIDI program 32\nV:3\nC,4 | G,4 |",
        'V:1 name="Alto sax"\nV:2 nm="Piano"\n',
    )
    assert [(p.name, len(p.notes)) for p in score.parts] == [
        ("Alto sax", 2),
        ("Piano", 3),
        ("3", 2),
    ]
    assert score.parts[2].instrument.program == 32


def test_a_sung_text_is_aligned_with_its_notes(read):
    assert read("c d e f | g2 a2 |\nw: moon-light on _ | by *\n").syllables == (0, 1, 2, 4)


# --- repeats -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("music", "order"),
    [
        ("C4 | D4 :| E4 |]", "CDCDE"),
        ("|: C4 :: D4 :| E4 |", "CCDDE"),
        ("|: C4 |1 D4 :|2 E4 || F4 |", "CDCEF"),
        ("|: C4 | [1,3 D4 :| [2 E4 :|[4 F4 |]", "CDCECDCF"),
        ("C4 |1 D4 :|2 E4 || F4 |1 G4 :|2 A4 |]", "CDCEFGFA"),  # each from where the last is over
        ("C2 [1 D2 :| [2 E2 |]", "CDCE"),  # inside a bar
        ("C4 |=20\nD4 |", "CD"),  # no ending
        ("|:: C4 ::| D4 |", "CCCD"),
        ("G | C3 :| A | D3 :|", "GCGCADAD"),  # with their pick-ups
        ("C4 | !segno! D4 !dacoda! | E4 !D.S.alcoda! | !coda! F4 |]", "CDEDF"),
        ('C4 | D4 "^Fine" | E4 "^D.C. al Fine" |]', "CDECD"),
        ("C4 | D4 !fine! | E4 |!D.C.!|]", "CDECD"),
        ("SC4 | D4 | E4 !D.S.! |]", "CDECDE"),
        ('C4 S| D4 | E4 "D.S." |]', "CDEDE"),  # a sign before a bar line belongs to the next bar
        ("P:A\nC4 |\nP:B\nD4 :|\nE4 |", "CDDE"),  # from the start of its part
    ],
)
def test_repeats_endings_and_jumps_are_played(played, music, order):
    assert played(music) == order


def test_parts_are_played_in_the_order_of_the_header(played):
    assert played("P:A\nC4 |\nP:B\n|: D4 :|\nP:C\nE4 |", "P:A(BA)2C\n") == "CDDCDDCE"
    assert played("P:A\nC4 |\nP:B\nD4 |", "P:ABX\n") == "CD"  # of parts that there are
    assert read_order("(A2B)3") == "AABAABAAB"
    assert read_order("((((A99)99)99)99)99") == ""


def test_what_nobody_can_follow_is_played_once_and_said(played):
    order, remark = played("C4 | D4 !D.S.! | E4 |")
    assert (order, "no Segno" in remark) == ("CDE", True)


def test_bars_are_bounded_before_they_are_played(read, monkeypatch):
    many = "Z999|" * 11  # in a part that the order leaves out
    with pytest.raises(FileError, match="more than 10,000 bars"):
        read(f"P:A\nC4|\nP:B\n{many}", "P:A\n")
    monkeypatch.setattr(score, "MAX_BARS_OF_PARTS", 100)
    monkeypatch.setattr(reader, "MAX_BARS_OF_PARTS", 100)
    with pytest.raises(LimitError, match="more than 100 bars together"):
        read("[V:1]Z60|[V:2]Z60|[V:3]C4|")


# --- tune books ----------------------------------------------------------------------------------


def test_a_tune_book_has_defaults_comments_and_words_between_tunes(tmp_path):
    path = tmp_path / "book.abc"
    path.write_text(
        "% a book\nL:1/2\nM:2/2\n\nX:1\nT:One\nK:C\nc d % two notes\n\nThe bees fed a cab.\n\n"
        "X:2\nT:Two\nM:6/8\nK:C\n\nX:3\nT:Three &amp; a Half\nK:G\nf f |\n",
        encoding="latin-1",
    )
    first, third = read_scores(path)
    assert (first.title, notes(first)) == ("One", [(72, 0, 2), (74, 2, 2)])
    assert (third.title, pitches(third)) == ("Three & a Half", [78, 78])


def test_a_tune_that_cannot_be_used_has_its_own_verdict(tmp_path):
    path = tmp_path / "book.abc"
    path.write_text('X:1\nK:C\n"C"CDEF|GABc|\n\nX:2\nK:C\nC|\n')
    first, second = read_tunes([path], cached=False).results
    assert str(first) == "used: 2 bars"
    assert str(second) == "skipped: the melody has only one note"


@pytest.mark.parametrize("content", ["no music at all", "X:1\nK:C\n", "X:1\nT:No key\nCDEF|\n"])
def test_a_file_without_notes_is_refused(tmp_path, content):
    path = tmp_path / "words.abc"
    path.write_text(content)
    with pytest.raises(FileError, match="no notes"):
        read_score(path)
