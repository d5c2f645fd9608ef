"""Charts of iReal Pro, written out with a comment on what a player reads."""

from __future__ import annotations

import pytest

from djmodel.music.changes import parse_changes
from djmodel.music.charts.chart import Chart
from djmodel.music.charts.errors import ChangesError
from djmodel.music.charts.ireal.reader import read_music
from djmodel.music.charts.lines import MAX_CHARACTERS
from djmodel.music.chord_symbol import chords_of_bar
from seqmodel.errors import InputError


def written(chart: Chart) -> str:
    return " | ".join(chords_of_bar(bar, 0) for bar in chart.bars)


def played(music: str, choruses: int = 1, *, last: bool = True) -> str:
    """The chords as played, a word a bar where each has one."""
    tune = read_music(music).played(choruses, last=last)
    return " ".join(chords_of_bar(bar, 0) for bar in tune.bars)


BLUES = "[*AT44F7   |Bb7   |F7   |C-7 F7 |Bb7   | x  |F7   |D7b9   |G-7   |C7   |F7 D7 |G-7 C7 Z"


def test_a_blues_with_two_chords_in_some_bars() -> None:
    chart = read_music(BLUES)
    assert written(chart) == (
        "F7 | Bb7 | F7 | C-7 / F7 / | Bb7 | Bb7 | F7 | D7b9 | G-7 | C7 | F7 / D7 / | G-7 / C7 /"
    )
    assert [section.name for section in chart.played().sections] == ["A"]


@pytest.mark.parametrize(
    ("music", "chords"),
    [
        ("[T44C,F,G7,C|]", "C F G7 C"),  # a chord a beat
        ("[T44C  F|]", "C / / F"),
        ("[T44C,ppG7|]", "C / / G7"),  # slashes hold the chord
        ("[T44C   |pppG7|]", "C | C / / G7"),
        ("[T44C,F, |]", "C / F /"),  # three cells, in which F stands in the second third
        ("[T34C G7 |]", "C / G7"),  # four cells, three beats
        ("[T34C,F,G7 |]", "C F G7"),
        ("[T54C G7 |]", "C / / G7 /"),  # three and two
        ("[T54C,p,p,G7,p|]", "C / / G7 /"),
        ("[T68C G7 |]", "C G7"),  # dotted quarters
        ("[T12C,F,G7,C|]", "C F G7 C"),  # 12/8
        ("[T22C G7 |]", "C / G7 /"),  # cut time is counted in quarters
        ("[T44   C|]", "C"),  # blank cells before the first chord say nothing
    ],
)
def test_cells_place_the_chords_of_a_bar(music: str, chords: str) -> None:
    assert written(read_music(music)) == chords


def test_more_chords_than_beats_share_the_bar() -> None:
    [bar] = read_music("[T44sC,D-,E-,F,lG7|]").bars
    assert [str(change.onset) for change in bar.changes] == ["0", "4/5", "8/5", "12/5", "16/5"]


def test_x_and_r_repeat_one_bar_and_two() -> None:
    """r stands in the first of two bars, of which the second is blank."""
    assert played("[T44C   | x  |D-7   |G7   |   r|    |C   Z") == "C C D-7 G7 D-7 G7 C"
    assert played("[C   |F   |r|G7   Z") == "C F C F G7"


def test_a_blank_bar_holds_the_chord_and_blanks_behind_a_part_fill_the_line() -> None:
    assert played("[C   |    |F   ]            [G7   Z") == "C C F G7"
    assert played("{C   |N1F   }            |N2G7   Z") == "C F C G7"


def test_no_chord_a_slash_chord_and_an_invisible_root() -> None:
    chart = read_music("[D-7,W/C,W/B,W/Bb|n   |A7/C#   |nC7 Z")
    assert written(chart) == "D-7 D-7/C D-7/B D-7/Bb | N.C. | A7/C# | N.C. / C7 /"


def test_signs_that_are_not_played_are_left_out() -> None:
    """Sizes, spacers, a fermata, alternate chords, a comment, stray separators."""
    music = "[*AT44sC^7,A-7lD-7(Ab7),G7|YYfC6(E-7)  <*17rubato>(A7)|D-7 G7 Z"
    assert written(read_music(music)) == "C^7 A-7 D-7 G7 | C6 | D-7 / G7 /"


def test_alternate_chords_are_played_on_demand() -> None:
    """Above Eb^7 stands G-7, above the blank cell on beat 3 C7, above Bb7 E7; what is not a chord
    is left out."""
    music = "[T44Eb^7(G-7)  (C7) |   F-7(solo) Bb7(E7) |x (F) Z"
    chart = read_music(music)
    assert written(chart) == "Eb^7 | F-7 / Bb7 / | F-7 / Bb7 /"
    assert written(chart.with_alternates()) == "G-7 / C7 / | F-7 / E7 / | F-7 F Bb7 /"
    assert written(chart.transposed(2).with_alternates()) == "A-7 / D7 / | G-7 / F#7 / | G-7 G C7 /"
    tune = parse_changes(f"irealbook://T=C=S=Eb=n={music}", alternates=True)
    assert len(tune.bars[0].changes) == 2


@pytest.mark.parametrize("above", ["(A-7 D7)", "(A-7D7)", "(A-7)(D7)"])
def test_alternate_chords_above_one_chord_share_its_time(above: str) -> None:
    assert written(read_music(f"[F{above}   |C{above} G7 Z").with_alternates()) == (
        "A-7 / D7 / | A-7 D7 G7 /"
    )


def test_meters_change_within_a_tune() -> None:
    chart = read_music("[T44C   |T34F   |T68G7   |T54C   |T12C   |T22C   |T74C   Z")
    assert [str(bar.meter) for bar in chart.bars] == [
        *("4/4", "3/4", "6/8", "5/4", "12/8", "2/2", "7/4"),
    ]


def test_sections_have_letters_or_names() -> None:
    chart = read_music("[*iC   ][*AF   ][*vG7   ][*bC   ][<Bridge>E7   Z")
    assert [mark.section for mark in chart.marks] == ["Intro", "A", "Verse", "B", "Bridge"]


@pytest.mark.parametrize(
    ("music", "order"),
    [
        ("{C   |F   }G7   Z", "C F C F G7"),
        ("{C   |F   <3x>}G7   Z", "C F C F C F G7"),
        ("{C   |N1F   }|N2G7   Z", "C F C G7"),
        ("{C   |N1D   }|N2E   }|N3F   Z", "C D C E C F"),
        ("[C   |F   <Fine>]|G7   |A7<D.C. al Fine>   Z", "C F G7 A7 C F"),
        ("[C   |SD   |E   Q]|F   |G<D.S. al Coda>   ][QA   |B   Z", "C D E F G D E A B"),
        ("[C   |SD   |E<D.S. al Coda>   ][QA   |B   Z", "C D E D E A B"),  # no sign to leave at
        ("[C   |QD   |F   |G<D.C. al Coda>   ][QA   Z", "C D F G C A"),  # left before D
        ("[C   |D<to coda>   |E   |F<DC al Coda>   ][QG   Z", "C D E F C D G"),
        ("[C   |F   U|G7   |A7<Da Capo al Fine>   Z", "C F G7 A7 C F"),
        ("[C   |D   |E   <Lead C>Z", "C D E"),  # no jump
        ("{C   |N1D   }|N2E   ][*BF<*40D.C. al 2nd End.>   Z", "C D C E F C E"),
        ("{C   |N1D   }|N2E   ]F   <Fine>|A   |B   <D.C. al 2nd End.>Z", "C D C E F A B C E F"),
    ],
)
def test_repeats_endings_and_jumps_are_played_as_players_read_them(music: str, order: str) -> None:
    assert played(music) == order


@pytest.mark.parametrize(
    ("music", "order"),
    [
        ("{C   |F   |G7   Z", "C F G7"),  # not closed: played once
        ("C   |F   }|G7   Z", "C F C F G7"),  # not opened: from the start
        ("{C   }D   |E   }F   Z", "C C D E D E F"),  # not opened: from behind the last
        ("[*AC   ][*BD   }E   Z", "C D C D E"),
        ("{C   |N1D   |N2E   ]F   Z", "C D C E F"),  # an ending ends where the next begins
        ("{C   |N1D   }|N0E   ]F   Z", "C D C E F"),  # without a number
        ("[C   |N2D   ]E   Z", "C D E"),
        ("{C   |N1D   ]E   Z", "C D E"),
        ("{C   |N1D   }|N2E   ][*BF   |G   }A   Z", "C D C E F G F G A"),
    ],
)
def test_signs_without_their_counterparts_are_read_as_the_app_plays_them(
    music: str, order: str
) -> None:
    assert played(music) == order


@pytest.mark.parametrize(
    ("music", "order"),
    [
        ("[C   |F   <Fine>]|G7   |D-7 <D.C. al Fine>  |A7   ]", "C F G7 D-7 A7 C F"),
        ("{<D.C. al Fine>C   |F   <Fine>}", "C F C F C F"),  # behind the second time
        ("[C   |F   Q][*BG7   <D.C. al Coda>|A7   |QD   Z", "C F G7 A7 C F D"),
    ],
)
def test_a_jump_is_taken_at_the_end_of_its_part(music: str, order: str) -> None:
    """Its text stands before the last bars, where there is space for it."""
    assert played(music) == order


@pytest.mark.parametrize(
    ("music", "order"),
    [
        ("[C   |SD   |E   Q|F   |G<D.S. al Coda>   ]{A   |B   }", "C D E F G D E A B A B"),
        ("{SC   |N1D   |E  Q}|N2F   |G<D.S. al Coda>   ][QA   Z", "C D E C F G C D E A"),
        ("[C   |D  Q|E   <D.C. al Coda>][QF   |G  Q]", "C D E C D F G"),
    ],
)
def test_the_coda_is_reached_behind_the_jump_and_from_a_first_ending(
    music: str, order: str
) -> None:
    assert played(music) == order


def test_an_introduction_is_played_once() -> None:
    music = "{*iE7   }[*AC   |F   ][*BG7   Z"
    assert played(music, 2) == "E7 E7 C F G7 C F G7"
    assert played("[*iE7   ][*AC   ][QF   Z", 3) == "E7 C C C F"


def test_an_introduction_without_a_form_behind_it_is_the_form() -> None:
    assert played("[*iE7   |C   ][QF   Z", 2) == "E7 C E7 C F"


def test_the_coda_without_a_jump_is_played_after_the_last_chorus() -> None:
    """A vamp of C D E F, left after D for the Coda G in the last chorus."""
    music = "[C   |D  Q|E   |F   ]Y[QG   Z"
    assert played(music, 3) == "C D E F C D E F C D G"
    assert played(music, 2, last=False) == "C D E F C D E F"


def test_a_coda_that_nothing_leads_to_follows_the_last_chorus() -> None:
    assert played("[C   |F   ][QG7   Z", 2) == "C F C F G7"


def test_the_last_chorus_ends_at_the_end_sign() -> None:
    """Players leave out the turnaround at the end of the last chorus."""
    assert played("[C   |F   |C6,U, |D-7   Z", 2) == "C F C6 D-7 C F C6"


@pytest.mark.parametrize(
    ("music", "problem", "bar"),
    [
        ("[T44C   |%   Z", "`%` is not a sign of a chart of iReal Pro", 2),
        ("[T44C   |<D.C. al Coda", "`<` is not closed", 2),
        ("[T44C   |C7b99   Z", "`C7b99` is not a chord of iReal Pro", 2),
        ("[T44x   |C   Z", "x has no bar before it", 1),
        ("[T44C   |r|   Z", "r has no two bars before it", 2),
        ("[T44W/G   Z", "`W/G` is not a chord", 1),
        ("[T99C   Z", "not a meter", 1),
        ("[T44n   |    Z", "contains no chord", 0),
        ("", "contains no chord", 0),
        ("[C   |D<D.S. al Coda>   Z", "D.S. has no Segno", 2),
        ("[C   |F   <Fine>|SG   |A<D.S. al Fine>   Z", "never ends", 4),
        ("[C   |F   ][QG7   |A<D.S.>   Z", "D.S. has no Segno", 4),
    ],
)
def test_an_error_names_the_bar(music: str, problem: str, bar: int) -> None:
    with pytest.raises(ChangesError, match=problem) as caught:
        read_music(music)
    assert caught.value.bar == bar


def test_the_work_for_a_song_is_bounded() -> None:
    with pytest.raises(InputError, match="more than 200,000"):
        read_music("C" * (MAX_CHARACTERS + 1))
    with pytest.raises(ChangesError, match="more than 10,000 bars"):
        read_music("[C|D|" + "r|" * 9_000 + "Z")
    with pytest.raises(InputError, match="more than 10,000 bars"):
        read_music("{C   <19x>}" * 600)
    with pytest.raises(ChangesError, match="more than 64"):
        read_music("[" + "C," * 100 + "|Z")
