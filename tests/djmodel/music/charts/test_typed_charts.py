"""Well-known forms, each typed in another player's way: their bars as played, and their sections.

Progressions only: chords are facts. In what is expected, `%` is the bar before."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from djmodel.music.changes import parse_changes, read_chart
from djmodel.music.chord_symbol import chords_of_bar
from djmodel.music.tune import Tune


class Typed(NamedTuple):
    """A chart as it was typed, and what players make of it."""

    text: str
    bars: str
    sections: tuple[tuple[int, str], ...] = ()
    title: str | None = None
    key: int | None = None
    bpm: float = 120
    meter: str = "4/4"


CHARTS = {
    "a text under the chords, arrows, and a title": Typed(
        """A Song About Spring
        Eb     Cm7   |  Fm7   Bb7
        green are the meadows, early in the morning
        Eb → Bb7 -> Eb
        and no one is awake""",
        "Eb / Cm7 / | Fm7 / Bb7 / | Eb | Bb7 | Eb",
        title="A Song About Spring",
        key=-3,
    ),
    "Markdown, with simile signs": Typed(
        """
> **A** | Dm7 | sim. |
> **B** | G7 (2 bars)
> | C | " |
        """,
        "Dm7 | Dm7 | G7 | G7 | C | C",
        sections=((0, "A"), (2, "B")),
        key=0,
    ),
    "a blues with bar lines at both ends of each line": Typed(
        """
        | F7  | Bb7 | F7   | Cm7 F7 |
        | Bb7 | %   | F7   | D7     |
        | Gm7 | C7  | F7 D7| Gm7 C7 |
        """,
        "F7 | Bb7 | F7 | Cm7 / F7 / | Bb7 | % | F7 | D7 | Gm7 | C7 | F7 / D7 / | Gm7 / C7 /",
        key=-1,
    ),
    "title, composer, key and tempo in the heading": Typed(
        """Blue Bossa (Kenny Dorham)
Key: C minor   Tempo: 150

| Cm7 | % | Fm7 | % | Dm7b5 | G7 | Cm7 | % |
| Ebm7 | Ab7 | Dbmaj7 | % | Dm7b5 | G7 | Cm7 | (G7) ||
""",
        "Cm7 | % | Fm7 | % | Dm7b5 | G7 | Cm7 | % |Ebm7 | Ab7 | Dbmaj7 | % | Dm7b5 | G7 | Cm7 | G7",
        title="Blue Bossa (Kenny Dorham)",
        key=-3,
        bpm=150,
    ),
    "first and second endings on lines of their own": Typed(
        """Autumn Leaves

[A]
|: Cm7 | F7 | Bbmaj7 | Ebmaj7 |
   Am7b5 | D7 |
1. Gm6 | % :|
2. Gm6 | G7 ||
[B]
| Am7b5 | D7 | Gm6 | % | Cm7 | F7 | Bbmaj7 | Ebmaj7 |
[C]
| Am7b5 | D7 | Gm7 Gb7 | Fm7 E7 | Am7b5 | D7 | Gm6 | % |]
""",
        "Cm7 | F7 | Bbmaj7 | Ebmaj7 | Am7b5 | D7 | Gm6 | % |"
        "Cm7 | F7 | Bbmaj7 | Ebmaj7 | Am7b5 | D7 | Gm6 | G7 |"
        "Am7b5 | D7 | Gm6 | % | Cm7 | F7 | Bbmaj7 | Ebmaj7 |"
        "Am7b5 | D7 | Gm7 / Gb7 / | Fm7 / E7 / | Am7b5 | D7 | Gm6 | %",
        sections=((0, "A"), (8, "A"), (16, "B"), (24, "C")),
        title="Autumn Leaves",
        key=-2,
    ),
    "endings behind bar lines, da capo al fine": Typed(
        """Take the A Train
A: |: C6 | % | D7b5 | % | Dm7 | G7 |1 C6 | Dm7 G7 :|2 C6 | % Fine ||
B: Fmaj7 | % | % | % | D7 | % | Dm7 | G7 | D.C. al Fine
""",
        "C6 | % | D7b5 | % | Dm7 | G7 | C6 | Dm7 / G7 / |"
        "C6 | % | D7b5 | % | Dm7 | G7 | C6 | % |"
        "Fmaj7 | % | % | % | D7 | % | Dm7 | G7 |"
        "C6 | % | D7b5 | % | Dm7 | G7 | C6 | %",
        sections=((0, "A"), (8, "A"), (16, "B"), (24, "A")),
        title="Take the A Train",
        key=0,
    ),
    "bars in numbers": Typed(
        "*A Dm7 x8\n*A Dm7 x8\n*B Ebm7 x8\n*A Dm7 x8",
        "Dm7" + " | %" * 15 + " | Ebm7" + " | %" * 7 + " | Dm7" + " | %" * 7,
        sections=((0, "A"), (8, "A"), (16, "B"), (24, "A")),
    ),
    "commas between chords, Giant Steps": Typed(
        """Bmaj7, D7 | Gmaj7, Bb7 | Ebmaj7 | Am7, D7
Gmaj7, Bb7 | Ebmaj7, F#7 | Bmaj7 | Fm7, Bb7
Ebmaj7 | Am7, D7 | Gmaj7 | C#m7, F#7
Bmaj7 | Fm7, Bb7 | Ebmaj7 | C#m7, F#7""",
        "Bmaj7 / D7 / | Gmaj7 / Bb7 / | Ebmaj7 | Am7 / D7 / |"
        "Gmaj7 / Bb7 / | Ebmaj7 / F#7 / | Bmaj7 | Fm7 / Bb7 / |"
        "Ebmaj7 | Am7 / D7 / | Gmaj7 | C#m7 / F#7 / |"
        "Bmaj7 | Fm7 / Bb7 / | Ebmaj7 | C#m7 / F#7 /",
    ),
    "endings in brackets, Satin Doll": Typed(
        """Satin Doll
[A]
||: Dm7 G7 | Dm7 G7 | Em7 A7 | Em7 A7 | Am7 D7 | Abm7 Db7 |[1. C | A7 :||[2. C | % ||
[Bridge]
Gm7 | C7 | Fmaj7 | % | Am7 | D7 | G7 | % ||
[A]
Dm7 G7 | Dm7 G7 | Em7 A7 | Em7 A7 | Am7 D7 | Abm7 Db7 | C | % |]
""",
        "Dm7 / G7 / | % | Em7 / A7 / | % | Am7 / D7 / | Abm7 / Db7 / | C | A7 |"
        "Dm7 / G7 / | % | Em7 / A7 / | % | Am7 / D7 / | Abm7 / Db7 / | C | % |"
        "Gm7 | C7 | Fmaj7 | % | Am7 | D7 | G7 | % |"
        "Dm7 / G7 / | % | Em7 / A7 / | % | Am7 / D7 / | Abm7 / Db7 / | C | %",
        sections=((0, "A"), (8, "A"), (16, "Bridge"), (24, "A")),
        title="Satin Doll",
        key=0,
    ),
    "beats as slashes, rhythm changes": Typed(
        """; Oleo, as played in Bb
(A)
| Bb / G7 / | Cm7 / F7 / | Dm7 / G7 / | Cm7 / F7 / |
| Fm7 / Bb7 / | Eb / Ebm / | Bb / F7 / | Bb / / / |
(B)
| D7 / / / | / / / / | G7 / / / | / / / / | C7 / / / | / | F7 | / |
""",
        "Bb / G7 / | Cm7 / F7 / | Dm7 / G7 / | Cm7 / F7 / |"
        "Fm7 / Bb7 / | Eb / Ebm / | Bb / F7 / | Bb | D7 | % | G7 | % | C7 | % | F7 | %",
        sections=((0, "A"), (8, "B")),
        key=-2,
    ),
    "typographic signs, All the Things You Are": Typed(
        "[A] F−7 | B♭−7 | E♭7 | A♭△7 | D♭△7 | G7 | C△7 | %\n"
        "[B] C−7 | F−7 | B♭7 | E♭△7 | A♭△7 | Aø D7 | G△7 | E7♭9\n",
        "F-7 | Bb-7 | Eb7 | Ab△7 | Db△7 | G7 | C△7 | % |"
        "C-7 | F-7 | Bb7 | Eb△7 | Ab△7 | Aø / D7 / | G△7 | E7b9",
        sections=((0, "A"), (8, "B")),
    ),
    "names of sections alone on their lines, The Girl from Ipanema": Typed(
        """# Garota de Ipanema
# in F
A1
| Fmaj7 | % | G7 | % | Gm7 | Gb7 | Fmaj7 | Gb7 |
A2
| Fmaj7 | % | G7 | % | Gm7 | Gb7 | Fmaj7 | %   |
B
| Gbmaj7 | % | B7 | % | F#m7 | % | D7 | % |
| Gm7 | % | Eb7 | % | Am7 | D7b9 | Gm7 | C7b9 |
""",
        "Fmaj7 | % | G7 | % | Gm7 | Gb7 | Fmaj7 | Gb7 |"
        "Fmaj7 | % | G7 | % | Gm7 | Gb7 | Fmaj7 | % |"
        "Gbmaj7 | % | B7 | % | F#m7 | % | D7 | % | Gm7 | % | Eb7 | % | Am7 | D7b9 | Gm7 | C7b9",
        sections=((0, "A1"), (8, "A2"), (16, "B")),
        key=-1,
    ),
    "dal segno al coda": Typed(
        """Wave
Intro: | Dm7 G7 | % | % | % ||
Segno
| Dmaj7 | Bbdim7 | Am7 | D7b9 | Gmaj7 | Gm6 | F#7 | B7 |
| E7 | Bb7 A7 | Dm7 G7 | To Coda | Dm7 G7 |
Bridge: | Gm7 | C7 | Fmaj7 | % | Fm7 | Bb7 | Ebmaj7 | A7 | D.S. al Coda
Coda
| Dm7 G7 | Dm7 |]""",
        "Dm7 / G7 / | % | % | % |"
        "Dmaj7 | Bbdim7 | Am7 | D7b9 | Gmaj7 | Gm6 | F#7 | B7 | E7 | Bb7 / A7 / | Dm7 / G7 / | % |"
        "Gm7 | C7 | Fmaj7 | % | Fm7 | Bb7 | Ebmaj7 | A7 |"
        "Dmaj7 | Bbdim7 | Am7 | D7b9 | Gmaj7 | Gm6 | F#7 | B7 | E7 | Bb7 / A7 / | Dm7 / G7 / |"
        "% | Dm7",
        sections=((0, "Intro"), (16, "Bridge"), (35, "Coda")),
        title="Wave",
    ),
    "a segno above the first bar": Typed(
        """Title: Still Here
Segno
| Cm | Fm7 | Fine
| Bb7 | Eb | D.S. al Fine""",
        "Cm | Fm7 | Bb7 | Eb | Cm | Fm7",
        title="Still Here",
    ),
    "the sign of the coda twice, Black Orpheus": Typed(
        """Am7 | Bm7b5 E7b9 | Am7 | Bm7b5 E7b9 𝄌
Dm7 | G7 | Cmaj7 | E7 | D.C. al Coda
𝄌 Am7 Dm7 | Am7""",
        "Am7 | Bm7b5 / E7b9 / | Am7 | Bm7b5 / E7b9 / | Dm7 | G7 | Cmaj7 | E7 |"
        "Am7 | Bm7b5 / E7b9 / | Am7 | Bm7b5 / E7b9 / | Am7 / Dm7 / | Am7",
        sections=((12, "Coda"),),
        key=0,
    ),
    "three four in the heading, Someday My Prince Will Come": Typed(
        """Someday My Prince Will Come
Time: 3/4
♩ = 160
| Bbmaj7 | D7+ | Ebmaj7 | G7+ | Cm7 | G7+ | C7 | F7 |
| Dm7 | Dbdim7 | Cm7 | F7 | Dm7 | Dbdim7 | Cm7 | F7 |""",
        "Bbmaj7 | D7+ | Ebmaj7 | G7+ | Cm7 | G7+ | C7 | F7 |"
        "Dm7 | Dbdim7 | Cm7 | F7 | Dm7 | Dbdim7 | Cm7 | F7",
        title="Someday My Prince Will Come",
        key=-2,
        bpm=160,
        meter="3/4",
    ),
    "the whole line twice": Typed(
        """Footprints
6/4 | Cm7 | % | x2
Fm7 | % | Cm7 | % |
F#m7b5 B7 | E7 A7 | Cm7 | % ||
""",
        "Cm7 | % | % | % | Fm7 | % | Cm7 | % | F#m7b5 / / B7 / / | E7 / / A7 / / | Cm7 | %",
        title="Footprints",
        meter="6/4",
    ),
    "a vamp four times": Typed(
        "|: Am G | F E7 :| 4x",
        "Am / G / | F / E7 / |" * 3 + "Am / G / | F / E7 /",
    ),
    "verse and chorus, as pop players write them": Typed(
        """Key: C
[Verse]
C G | Am F | C G | F C
[Chorus]
Am G | F C | C G | F C
[Verse]
C G | Am F | C G | F C""",
        "C / G / | Am / F / | C / G / | F / C / | Am / G / | F / C / | C / G / | F / C / |"
        "C / G / | Am / F / | C / G / | F / C /",
        sections=((0, "Verse"), (4, "Chorus"), (8, "Verse")),
        key=0,
    ),
    "repeat of two bars": Typed(
        "Dm7 G7 | Em7 A7 | %% | Dm7 | ./. | G7 | C6",
        "Dm7 / G7 / | Em7 / A7 / | Dm7 / G7 / | Em7 / A7 / | Dm7 | % | G7 | C6",
    ),
    "braces, as in iReal Pro": Typed(
        "*A{Cm7 | F7 | Bb^7 | Eb^7 }\n*B[Ah7 | D7b9 | Gm6 | % Z".replace(" Z", " |]").replace(
            "[", ""
        ),
        "Cm7 | F7 | Bb^7 | Eb^7 | Cm7 | F7 | Bb^7 | Eb^7 | Ah7 | D7b9 | Gm6 | %",
        sections=((0, "A"), (4, "A"), (8, "B")),
    ),
    "no chord, and comments behind the bars": Typed(
        """Title: Sweet Georgia Brown
N.C. |                    // pick up
D7 | % | % | % |          // four bars each
G7 | % | % | % |          # round the circle
C7 | % | % | % ; and home
F  | C7 | F | A7
""",
        "N.C. | D7 | % | % | % | G7 | % | % | % | C7 | % | % | % | F | C7 | F | A7",
        title="Sweet Georgia Brown",
        key=-1,
    ),
    "meters change": Typed(
        "4/4 Ebmaj7 | Abm6 | 2/4 Bb7 | 4/4 Ebmaj7 Cm7 | 3/4 Fm7",
        "Ebmaj7 | Abm6 | Bb7 | Ebmaj7 / Cm7 / | Fm7",
    ),
    "third endings and times behind the repeat": Typed(
        "|: C7 | F7 |1,2. G7 :|3. C7 ||: F7 | C7 :|3x",
        "C7 | F7 | G7 | C7 | F7 | G7 | C7 | F7 | C7 | F7 | C7 | F7 | C7 | F7 | C7",
    ),
    "chords with slashes, A Foggy Day": Typed(
        "Fmaj7 | Am7b5/D D7/F# | Gm7 | C7/E | F6/C | Dm7b5 | G9(13) | Gm7/C C7(b9,b13)",
        "Fmaj7 | Am7b5/D / D7/F# / | Gm7 | C7/E | F6/C | Dm7b5 | G9(13) | Gm7/C / C7(b9,b13) /",
        key=-1,
    ),
    "dots and dashes for beats": Typed(
        "F#m7b5 . B7 . | Em7 . . . | A7 - - D7 | G6 - - -",
        "F#m7b5 / B7 / | Em7 | A7 / / D7 | G6",
        key=1,
    ),
}


def bars_of(tune: Tune) -> list[str]:
    return [chords_of_bar(bar, tune.key) for bar in tune.bars]


def written_out(bars: str) -> list[str]:
    out: list[str] = []
    for bar in bars.split("|"):
        out.append(out[-1] if bar.strip() == "%" else bar.strip())
    return out


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_played_as_it_was_typed(name: str) -> None:
    typed = CHARTS[name]
    tune = parse_changes(typed.text)
    assert bars_of(tune) == written_out(typed.bars)
    assert tune.sections == typed.sections
    assert tune.tempos[0].bpm == typed.bpm
    assert str(tune.bars[0].meter) == typed.meter
    if typed.title is not None:
        assert tune.title == typed.title
    if typed.key is not None:
        assert tune.key == typed.key


def test_a_chart_that_changes_meter_has_bars_of_different_lengths() -> None:
    tune = parse_changes(CHARTS["meters change"].text)
    assert [str(bar.meter) for bar in tune.bars] == ["4/4", "4/4", "2/4", "4/4", "3/4"]
    assert tune.length == 4 + 4 + 2 + 4 + 3


def test_a_letter_in_brackets_begins_a_section_wherever_it_stands() -> None:
    chart = parse_changes("[A] Dm7 | G7 | C | %  [B] Fm7 | Bb7 | Eb | %")
    assert [(section.bar, section.name) for section in chart.sections] == [(0, "A"), (4, "B")]
    assert len(chart.bars) == 8


def test_a_meter_alone_on_the_first_line_is_the_meter() -> None:
    chart = parse_changes("5/4\n| Ebm / / Bbm7 / |")
    assert [str(bar.meter) for bar in chart.bars] == ["5/4"]


@pytest.mark.parametrize(
    ("heading", "title", "key", "tempo", "meter", "feel"),
    [
        ("Home\nTempo 140", "Home", None, 140, "4/4", ""),
        ("Tempo 140", None, None, 140, "4/4", ""),
        ("Home\nMedium swing, 140", "Home", None, 140, "4/4", "swing"),
        ("Medium swing, 140", None, None, 140, "4/4", "swing"),
        ("Home\n(Jazz waltz, 3/4, q=160)", "Home", None, 160, "3/4", ""),
        ("Home (Medium swing, 140)", "Home", None, 140, "4/4", "swing"),
        ("Home - Up Tempo Swing (240)", "Home", None, 240, "4/4", "swing"),
        ("Take Six, 5/4", "Take Six", None, None, "5/4", ""),
        ("Home\nKey Cm\nBossa 140 bpm", "Home", -3, 140, "4/4", "latin"),
        ("Key of F, tempo 130, swing", None, -1, 130, "4/4", "swing"),
        ("Home\nin G minor", "Home", -2, None, "4/4", ""),
        ("Style: Jazz waltz", None, None, None, "3/4", ""),
        ("Style: Samba 180", None, None, 180, "4/4", "latin"),
        ("Tempo: Medium swing", None, None, None, "4/4", "swing"),
        # titles
        ("Slow Blues", "Slow Blues", None, None, "4/4", ""),
        ("Route 66", "Route 66", None, None, "4/4", ""),
        ("25 or 6 to 4", "25 or 6 to 4", None, None, "4/4", ""),
        ("Blues in F, for Fred", "Blues in F, for Fred", None, None, "4/4", ""),
    ],
)
def test_a_heading_says_how_to_play_as_players_write_it(
    heading: str, title: str | None, key: int | None, tempo: float | None, meter: str, feel: str
) -> None:
    chart = read_chart(f"{heading}\n| Dm7 | G7 | C | % |")
    assert chart.title == (title or "Dm7 | G7 | C | %")
    assert (chart.key, chart.tempo, chart.feel) == (key, tempo, feel)
    assert [str(bar.meter) for bar in chart.bars] == [meter] * 4


def test_the_composer_of_a_heading_is_that_of_the_tune() -> None:
    assert parse_changes("Home\nComposer: Ann Lee\n| Dm7 | G7 | C | % |").composer == "Ann Lee"


def test_a_first_line_with_a_section_and_chords_is_no_title() -> None:
    chart = parse_changes("[Intro] C7\n[Bridge] F | G7")
    assert [section.name for section in chart.sections] == ["Intro", "Bridge"]
    assert len(chart.bars) == 3


@pytest.mark.parametrize(
    "name", ["blues in Bb", "Bb  blues", "Blues-In-Bb", "BLUES IN bb", "bb Blues", "Blues B♭"]
)
def test_a_form_is_named_as_players_say_it(name: str) -> None:
    said, form = parse_changes(name), parse_changes("blues-in-Bb")
    assert (said.bars, said.title) == (form.bars, form.title)


def test_a_title_above_a_chord_is_no_form() -> None:
    # one bar of F with the title Blues
    assert len(parse_changes("Blues\nF").bars) == 1
