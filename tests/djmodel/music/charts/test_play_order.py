"""The order of play of repeats, endings and jumps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djmodel.music.charts.play_order import MAX_BARS, Jump, Marks, PlayOrderError, play_order

SIGNS = {
    "|:": {"repeat_start": True},
    ":|": {"times": 2},
    ":|x3": {"times": 3},
    ":|x9999": {"times": 9999},
    "1.": {"ending": (1,)},
    "2.": {"ending": (2,)},
    "3.": {"ending": (3,)},
    "12.": {"ending": (1, 2)},
    "segno": {"segno": True},
    "coda": {"coda": True},
    "tocoda": {"to_coda": True},
    "fine": {"fine": True},
    "DC": {"jump": Jump("D.C.")},
    "DC-fine": {"jump": Jump("D.C.", "Fine")},
    "DC-coda": {"jump": Jump("D.C.", "Coda")},
    "DS": {"jump": Jump("D.S.")},
    "DS-coda": {"jump": Jump("D.S.", "Coda")},
    "DS-fine": {"jump": Jump("D.S.", "Fine")},
    "DC-2": {"jump": Jump("D.C.", 2)},
    "[A]": {"section": "A"},
    "[B]": {"section": "B"},
}


def marks_of(text: str) -> list[Marks]:
    """`|:a b:| c`: a letter for each bar, with its signs around it, divided by spaces."""
    bars = []
    for word in text.split():
        *signs, _ = [sign for sign in word.split("_") if sign]
        fields = {}
        for sign in signs:
            fields |= SIGNS[sign]
        bars.append(Marks(**fields))
    return bars


def played(text: str) -> str:
    letters = [word.split("_")[-1] for word in text.split()]
    return "".join(letters[bar] for bar in play_order(marks_of(text)))


@pytest.mark.parametrize(
    ("written", "order"),
    [
        ("a b c", "abc"),
        ("|:_a :|_b c", "ababc"),
        ("a |:_b :|x3_c d", "abcbcbcd"),
        # :| without |: goes back to the start, or to the last :|
        ("a :|_b c :|_d e", "ababcdcde"),
        # first and second endings
        ("|:_a b 1._:|_c 2._d e", "abcabde"),
        ("a b 1._:|_c 2._d", "abcabd"),
        ("|:_a 1._:|_b 2._:|_c 3._d", "abacad"),
        ("|:_a 12._:|_b 3._c", "ababac"),
        # :| after the second ending of two repeats nothing more
        ("|:_a 1._:|_b 2._:|_c d", "abacd"),
        # the second ending is not marked
        ("|:_a 1._:|_b c", "abac"),
        # two bars each
        ("|:_a 1._b :|_c 2._d e |:_f :|_g", "abcadefgfg"),
        # the second repeat has endings, too
        ("|:_a 1._:|_b 2._c |:_d 1._:|_e 2._f", "abacdedf"),
        # jumps
        ("a fine_b c DC-fine_d", "abcdab"),
        ("a fine_b c DC_d", "abcdab"),
        ("a b DC_c", "abcabc"),
        ("a segno_b tocoda_c DS-coda_d coda_e f", "abcdbcef"),
        ("a segno_b tocoda_c DS_d coda_e f", "abcdbcef"),
        ("a tocoda_b c DC-coda_d coda_e", "abcdabe"),
        ("a segno_b fine_c DS-fine_d", "abcdbc"),
        # after a jump there are no repeats, and the last ending
        ("|:_a :|_b fine_c DC-fine_d", "ababcdabc"),
        ("|:_a 1._:|_b 2._fine_c d DC-fine_e", "abacdeac"),
        ("|:_a 1._:|_b 2._c [B]_d DC-2_e", "abacdeac"),
        # a jump on the last turn only
        ("|:_a fine_b c DC-fine_:|_d", "abcdabcdab"),
        # repeats in the coda
        ("a tocoda_b DC-coda_c |:_coda_d :|_e", "abcabdede"),
        # a section may begin where :| leads to
        ("[A]_a :|_b [B]_c :|_d", "ababcdcd"),
    ],
)
def test_music_is_played_as_players_read_it(written: str, order: str) -> None:
    assert played(written) == order


@pytest.mark.parametrize(
    ("written", "bar", "problem"),
    [
        ("a |:_b c", 1, "|: has no :| after it"),
        ("|:_a b |:_c :|_d", 0, "|: has no :| after it"),
        ("[A]_a b [B]_c :|_d", 3, ":| has no |: before it"),
        ("|:_a 1._:|_b 2._c [B]_d :|_e", 4, ":| has no |: before it"),
        ("a 1._b c", 1, "ending 1 has no :| at its end"),
        ("a 1._b 2._c", 2, "ending 2 follows an ending without :|"),
        ("|:_a 2._:|_b 1._c", 1, "ending 2 has no first ending before it"),
        ("|:_a 1._:|_b 1._c", 2, "ending 1 is there twice"),
        ("a b DC-fine_c", 2, "D.C. al Fine has no Fine"),
        ("a DS_b", 1, "D.S. has no Segno before it"),
        ("a DC-coda_b coda_c", 1, "D.C. al Coda has no To Coda"),
        ("a tocoda_b DC-coda_c", 2, "D.C. al Coda has no Coda"),
        ("coda_a tocoda_b DC-coda_c", 0, "the Coda begins before To Coda"),
        ("a tocoda_b c", 1, "To Coda has no D.C. or D.S. al Coda"),
        ("a DC-2_b", 1, "D.C. al ending 2 has no such ending"),
        # Fine is before the segno: it is never reached
        ("fine_a segno_b DS-fine_c", 2, "D.S. al Fine never ends"),
        # Fine is in the first ending, which a da capo does not play
        ("|:_a 1._fine_:|_b 2._c DC-fine_d", 3, "D.C. al Fine never ends"),
        ("a |:_b :|x9999_c d", 2, "more than 10,000 bars"),
    ],
)
def test_marks_that_no_player_can_follow_are_refused(written: str, bar: int, problem: str) -> None:
    with pytest.raises(PlayOrderError) as caught:
        play_order(marks_of(written))
    assert caught.value.bar == bar
    assert problem in str(caught.value)


any_marks = st.builds(
    Marks,
    section=st.sampled_from(["", "", "A"]),
    repeat_start=st.booleans(),
    ending=st.sampled_from([(), (), (), (1,), (2,), (1, 2), (3,)]),
    segno=st.booleans(),
    coda=st.booleans(),
    times=st.sampled_from([0, 0, 2, 3, 10_000]),
    to_coda=st.booleans(),
    fine=st.booleans(),
    jump=st.none()
    | st.builds(
        Jump, st.sampled_from(["D.C.", "D.S."]), st.sampled_from(["end", "Fine", "Coda", 2])
    ),
)


@given(st.lists(any_marks, max_size=8))
def test_any_marks_give_an_order_that_ends_or_an_error_with_a_bar(marks: list[Marks]) -> None:
    order: tuple[int, ...] = ()
    bar = 0
    try:
        order = play_order(marks)
    except PlayOrderError as error:
        bar = error.bar
    assert 0 <= bar <= len(marks)
    assert len(order) <= MAX_BARS
    assert set(order) <= set(range(len(marks)))
