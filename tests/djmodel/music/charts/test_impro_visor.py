"""Lead sheets of Impro-Visor as changes."""

from __future__ import annotations

import pytest

from djmodel.music.changes import parse_changes
from djmodel.music.charts.errors import ChangesError
from djmodel.music.chord_symbol import chords_of_bar

# Headings and chords as Impro-Visor writes them; the melody is a scale.
SHEET = """(title Turnaround)
(composer )
(show )
(meter 3 4)
(key -3)
(tempo 160.0)
(volume 80)
(layout 4 4)
(part
    (type chords)
    (title )
    (key 0)
)
(section (style waltz))
EbM7 | C7b9 / / | Fm7 | Bb7 / E7 |
/ | Bb7sus4 | EbM7/G | NC |

(part
    (type melody)
    (title Turnaround)
)
eb4 f4 g4 ab4 bb4 c+4
d+2. r4 eb+8 r8
"""


def test_a_lead_sheet_of_impro_visor_is_read() -> None:
    tune = parse_changes(SHEET)
    assert (tune.title, tune.key, tune.tempos[0].bpm) == ("Turnaround", -3, 160)
    assert str(tune.bars[0].meter) == "3/4"
    assert [chords_of_bar(bar, tune.key) for bar in tune.bars] == [
        *("EbM7", "C7b9", "Fm7", "Bb7 / E7", "E7", "Bb7sus4", "EbM7/G", "N.C."),
    ]


def test_an_error_counts_the_lines_of_the_file() -> None:
    with pytest.raises(ChangesError, match=r"line 15, bar 3"):
        parse_changes(SHEET.replace("Fm7 |", "Fmq |"))


def test_a_road_map_of_bricks_and_a_second_style_do_not_matter() -> None:
    """Its bricks have types, too, which are not those of parts."""
    bricks = "(roadmap\n (blocks\n (brick\n (type CESH)\n (blocks\n (chord Fm7 960) )\n )\n )\n)\n"
    sheet = SHEET.replace("    (key 0)\n", bricks).replace(
        "/ | Bb7sus4", "(section (style))\n/ | Bb7sus4"
    )
    assert parse_changes(sheet).bars == parse_changes(SHEET).bars


def test_the_style_of_the_first_section_is_the_feel() -> None:
    assert parse_changes(SHEET.replace("waltz", "bossa")).feel == "latin"
    assert parse_changes("(section (style swing))\nDm7 | G7").feel == "swing"


def test_chords_and_notes_without_a_heading_are_a_lead_sheet() -> None:
    tune = parse_changes("C C7 | F |\nc+2 bb2 bb8 a8 f2.")
    assert [chords_of_bar(bar, 0) for bar in tune.bars] == ["C / C7 /", "F"]


def test_chords_of_its_own_vocabulary_are_read() -> None:
    tune = parse_changes("(meter 4 4)\nEphryg | C\\D | Bb7+ | EbM7#11 | Fm+ | CBlues | CBass")
    assert [chords_of_bar(bar, 0) for bar in tune.bars] == [
        *("E7sus4(b9)", "C/D", "Bb7+", "EbM7#11", "Fm+", "C7(#9)", "C5"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "(title Joy (Reprise))(meter 3 4)(key -2)(part (type chords))\nBb | F7 |\n"
        "(part (type melody))\nf1",
        "(title Joy (Reprise)) (meter 3 4) (show ) (key -2) (style waltz) Bb | F7 |",
        "(key -2)\n(meter 3 4)\n(title Joy (Reprise))\n(part\n(type chords)\n(title Solo))\n"
        "Bb | F7(b9)",
    ],
)
def test_expressions_may_share_lines_with_others_and_with_chords(text: str) -> None:
    tune = parse_changes(text)
    assert (tune.title, tune.key, str(tune.bars[0].meter), len(tune.bars)) == (
        *("Joy (Reprise)", -2, "3/4", 2),
    )


def test_a_lead_sheet_with_brackets_that_do_not_close_has_no_chords() -> None:
    with pytest.raises(ChangesError, match="contain no chord"):
        parse_changes("(title x)\n(part " + "(" * 100_000 + "\nC | F")


def test_signs_of_a_bar_have_equal_parts_of_it_where_they_are_not_beats() -> None:
    """As Impro-Visor divides them; a comma is a bar line, `_` another voicing."""
    text = "(title X)\n(meter 4 4)\nC / G7 | F13_ , C D E F G | Dm7 / / G7 | C G7"
    bars = parse_changes(text).bars
    onsets = [[str(change.onset) for change in bar.changes] for bar in bars]
    fifths = ["0", "4/5", "8/5", "12/5", "16/5"]
    assert onsets == [["0", "8/3"], ["0"], fifths, ["0", "3"], ["0", "2"]]
