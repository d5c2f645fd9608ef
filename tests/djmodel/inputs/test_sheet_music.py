"""Sheet music: MusicXML, ABC and Humdrum, chord symbols as they are written."""

from __future__ import annotations

import zipfile
from fractions import Fraction
from pathlib import Path

import pytest

from djmodel.inputs.reader import read_score, read_scores, read_tune, read_tunes, transcribe
from djmodel.inputs.sheet_music import corpus_file
from djmodel.music.chord_symbol import chord_symbol
from djmodel.music.meter import Meter
from seqmodel.errors import FileError

F = Fraction

# A pick-up, two bars; chords above; a note tied over the bar line.
ABC = """X:1
T:Stepping Out
M:3/4
L:1/4
Q:1/4=100
K:G
D | "G" G A B | "Am7" c2 A- | "D7/F#" A F D | "G" G3 |]
"""

TUNE_BOOK = ABC + "\nX:2\nT:Falling Down\nM:2/4\nL:1/4\nK:C\nc B | A G | F E | D C |]\n"

KERN = """**kern\t**kern
*clefF4\t*clefG2
*M4/4\t*M4/4
=1\t=1
2C\t4g
.\t4e
2G\t2d
=2\t=2
1C\t1c
==\t==
*-\t*-
"""

XML = """<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="3.1">
  <work><work-title>Paper Lantern</work-title></work>
  <part-list><score-part id="P1"><part-name>Voice</part-name></score-part></part-list>
  <part id="P1">
    <measure number="1">
      <attributes><divisions>2</divisions><key><fifths>-1</fifths></key>
        <time><beats>4</beats><beat-type>4</beat-type></time></attributes>
      <harmony><root><root-step>B</root-step><root-alter>-1</root-alter></root>
        <kind>major-seventh</kind></harmony>
      <note><pitch><step>D</step><octave>5</octave></pitch><duration>4</duration>
        <lyric><text>moon</text></lyric></note>
      <harmony><root><root-step>C</root-step></root><kind>dominant</kind>
        <bass><bass-step>E</bass-step></bass></harmony>
      <note><grace/><pitch><step>F</step><octave>5</octave></pitch></note>
      <note><pitch><step>E</step><octave>5</octave></pitch><duration>4</duration></note>
    </measure>
    <measure number="2">
      <harmony><root><root-step>F</root-step></root><kind>major</kind></harmony>
      <note><pitch><step>F</step><octave>5</octave></pitch><duration>8</duration></note>
    </measure>
  </part>
</score-partwise>
"""


def symbols_of(path: Path) -> list[str]:
    return [chord_symbol(c.chord) for bar in read_tune(path).bars for c in bar.changes]


@pytest.fixture
def abc(tmp_path: Path) -> Path:
    path = tmp_path / "step.abc"
    path.write_text(ABC)
    return path


def test_title_key_tempo_and_pick_up_of_abc_are_read(abc: Path) -> None:
    score = read_score(abc)
    assert score.title == "Stepping Out"
    assert score.key == 1
    assert score.tempos[0].bpm == 100
    assert [(m.length, m.meter) for m in score.measures] == [
        (F(1), Meter(3, 4)),
        *[(F(3), Meter(3, 4))] * 4,
    ]


def test_written_chord_symbols_are_used_unchanged(abc: Path) -> None:
    # Before the first chord, that one, silent.
    assert symbols_of(abc) == ["G", "G", "Am7", "D7/F#", "G"]
    tune = read_tune(abc)
    assert not tune.bars[0].changes[0].sounding
    assert tune.bars[1].changes[0].sounding
    assert tune.accompaniment == ()
    assert transcribe(abc).note == ""


def test_notes_tied_over_a_bar_line_are_one_note_of_the_melody(abc: Path) -> None:
    tune = read_tune(abc)
    assert [n.pitch for n in tune.melody_notes()] == [62, 67, 69, 71, 72, 69, 66, 62, 67]
    assert tune.bars[3].melody[0].tied
    assert tune.melody_notes()[5].duration == 2


def test_a_tune_book_gives_all_its_tunes(tmp_path: Path) -> None:
    path = tmp_path / "book.abc"
    path.write_text(TUNE_BOOK)
    assert [score.title for score in read_scores(path)] == ["Stepping Out", "Falling Down"]
    found = read_tunes([path], cached=False)
    assert [result.name for result in found.results] == ["book.abc 1", "book.abc 2"]
    assert "inferred" in str(found.results[1])


@pytest.mark.parametrize("ending", [".musicxml", ".xml", ".mxl"])
def test_musicxml_is_read_in_plain_and_compressed_form(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"lantern{ending}"
    if ending == ".mxl":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("lantern.xml", XML)
    else:
        path.write_text(XML)
    score = read_score(path)
    assert score.title == "Paper Lantern"
    assert score.key == -1
    assert score.parts[0].name == "Voice"
    assert [(n.pitch, n.onset, n.duration) for n in score.parts[0].notes] == [
        (74, 0, 2),
        (76, 2, 2),
        (77, 4, 4),
    ]
    assert score.quantization.dropped == 1  # the grace note
    assert score.syllables == (F(0),)
    assert symbols_of(path) == ["Bbmaj7", "C7/E", "F"]


def test_humdrum_without_chord_symbols_is_read(tmp_path: Path) -> None:
    path = tmp_path / "two.krn"
    path.write_text(KERN)
    score = read_score(path)
    assert [len(part.grid_notes) for part in score.parts] == [4, 3]
    made = transcribe(path)
    assert [n.pitch for n in made.tune.melody_notes()] == [67, 64, 62, 60]
    assert len(made.tune.bars) == 2
    assert made.note == ""


@pytest.mark.parametrize("mark", ["*>[A,A,B]\t*>[A,A,B]\n*>A\t*>A", "=2:|!\t=2:|!"])
def test_humdrum_with_repeats_is_read_as_written_which_is_said(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "repeated.krn"
    path.write_text(KERN.replace("=2\t=2", mark if mark[0] == "=" else f"{mark}\n=2\t=2"))
    made = transcribe(path)
    assert len(made.tune.bars) == 2
    assert made.note == "each bar once, without repeats"


def test_a_chorale_of_music21s_corpus_is_read_by_name() -> None:
    # A chorale: the soprano over the other three, with a pick-up of one quarter note.
    made = transcribe(corpus_file("bach/bwv66.6"))
    assert [v.role for v in made.choice.roles] == ["melody", "harmony", "harmony", "harmony"]
    assert made.tune.bars[0].length == 1
    assert made.tune.title == "bwv66.6"


def test_a_lead_sheet_of_music21s_corpus_has_its_chord_symbols() -> None:
    path = corpus_file("leadSheet/berlinAlexandersRagtime")
    assert symbols_of(path)[:5] == ["F", "F", "F", "C7", "F"]


@pytest.mark.parametrize("name", ["bach/nothing", "c1", "."])  # c1: in "..._10a-Credo PMFC12.10a"
def test_an_unknown_name_in_music21s_corpus_is_refused(name: str) -> None:
    with pytest.raises(FileError, match=f"music21's corpus has no piece named `{name}`"):
        corpus_file(name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.xml", "<html>no music</html>"),
        ("x.musicxml", "words"),
        ("x.mxl", "words"),
        ("x.abc", "X:1\nK:C\n"),
        ("x.krn", "**kern\n"),
        ("x.xml", ""),
        ("x.xml", XML[:400]),
    ],
)
def test_a_file_that_is_not_sheet_music_is_refused_in_one_line(
    tmp_path: Path, name: str, content: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(FileError) as caught:
        read_score(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
