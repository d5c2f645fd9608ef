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


def test_a_lead_sheet_with_brackets_that_do_not_close_has_no_chords() -> None:
    with pytest.raises(ChangesError, match="contain no chord"):
        parse_changes("(title x)\n" + "(" * 100_000 + "\nC | F")
