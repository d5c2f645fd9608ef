"""Lead sheets: what is written is read back by music21 and compared with the tune."""

from __future__ import annotations

import html
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from helpers.handmade_tunes import QUAVER, REST, SEMIQUAVER, TIED, TRIPLET, bar, blues
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from music21 import converter, harmony, note, tempo

from djmodel.music.chord import parse_chord_symbol
from djmodel.music.tune import Bar, Change, Instrument, Meter, Note, Tempo, Tune
from djmodel.outputs.lead_sheet import (
    PHONE,
    SCREEN,
    NotationError,
    Paper,
    chord_kind,
    lead_sheet,
    musicxml,
    write_score,
)
from seqmodel.errors import FileError, InputError
from seqmodel.optional import MissingPackageError


def read_back(tune: Tune) -> Any:
    return converter.parse(musicxml(tune), format="musicxml", forceSource=True)


def size(svg: str) -> tuple[float, float]:
    width, height = re.findall(r'<svg [^>]*?width="([^"]*)" height="([^"]*)"', svg)[0]
    return float(width), float(height)


def systems(svg: str) -> list[str]:
    return svg.split('class="system"')[1:]


def in_bold(text: str, pixels: float) -> float:
    """How wide text is in the font of the PNG, bold: measured by matplotlib."""
    font = FontProperties(family="DejaVu Sans", weight="bold")
    return float(TextPath((0, 0), html.unescape(text), size=pixels, prop=font).get_extents().x1)


class TestMusicXML:
    def test_the_notes_of_the_tune_are_in_it(self) -> None:
        tune = blues()
        read = [
            (n.pitch.midi, Fraction(n.offset).limit_denominator(48), n.duration.quarterLength)
            for n in read_back(tune).flatten().stripTies().notes
            if isinstance(n, note.Note)
        ]
        assert [(p, o, Fraction(d).limit_denominator(48)) for p, o, d in read] == [
            (n.pitch, n.onset, n.duration) for n in tune.melody_notes()
        ]

    def test_bars_pickup_and_signature(self) -> None:
        score = read_back(blues())
        measures = list(score.parts[0].getElementsByClass("Measure"))
        assert [m.number for m in measures] == list(range(13))
        assert measures[0].keySignature.sharps == -4
        assert 'implicit="yes" number="0"' in musicxml(blues())

    def test_no_sharps_in_a_flat_key(self) -> None:
        alters = {n.pitch.alter for n in read_back(blues()).flatten().getElementsByClass(note.Note)}
        assert alters <= {0.0, -1.0}

    @pytest.mark.parametrize(
        "symbol",
        ["C", "Am", "G7", "Fmaj7", "Dm7", "Bm7b5", "Cdim7", "Caug", "E7#9", "Ab7b9", "Dm6",
         "G7sus4", "C7#11", "F13", "Bbm9", "C/E", "D7/F#", "Ebmaj7/Bb", "Em(maj7)", "A7#5",
         "F/G", "Am7/D"],
    )  # fmt: skip
    def test_chord_symbols_hold_the_tones_of_the_chord(self, symbol: str) -> None:
        chord = parse_chord_symbol(symbol)
        score = read_back(Tune("", (bar(symbol, [(60, 4)]),), key=0))
        read = score.flatten().getElementsByClass(harmony.ChordSymbol).first()
        # music21 realises degrees beyond the seventh where it knows them; root and bass always.
        assert read.root().pitchClass == chord.root
        assert read.bass().pitchClass == chord.bass
        _, added, missing = chord_kind(chord)
        if not added and not missing:
            assert {p.pitchClass for p in read.pitches} == chord.pitch_classes | {chord.bass}

    def test_the_text_of_a_chord_is_its_symbol(self) -> None:
        xml = musicxml(Tune("", (bar("Bbm7b5", [(70, 4)]),), key=-2))
        assert re.search(r'<kind text="m7b5">half-diminished</kind>', xml)

    def test_chord_symbols_alter_no_note(self) -> None:
        # An E after a chord of E flat: only the note is natural, and the letter D has no sign.
        xml = musicxml(Tune("", (bar("Ddim7", [(62, 4)]),), key=-3))
        assert "<root-alter>" not in xml

    def test_no_chord(self) -> None:
        change = Change(Fraction(0), parse_chord_symbol("C"), sounding=False)
        silent = Bar(Meter(4, 4), Fraction(4), (), (change,))
        assert '<kind text="N.C.">none</kind>' in musicxml(Tune("", (silent,)))

    def test_empty_bar_is_a_bar_of_rest(self) -> None:
        xml = musicxml(Tune("", (bar("C", [], Meter(3, 4)), bar("C", [(60, 3)], Meter(3, 4)))))
        assert 'measure="yes"' in xml

    def test_ties_within_and_over_bars(self) -> None:
        # Five quavers from the middle of the first bar into the third.
        tune = Tune("", (bar("C", [(REST, 2), (60, 2)]), bar("C", [(60, 4, TIED)]),
                         bar("C", [(60, 1, TIED), (60, 1)])))  # fmt: skip
        notes = list(read_back(tune).flatten().getElementsByClass(note.Note))
        assert [n.tie.type if n.tie else None for n in notes] == ["start", "continue", "stop", None]

    def test_triplets_are_bracketed_once(self) -> None:
        xml = musicxml(Tune("", (bar("C", [(60, TRIPLET), (62, TRIPLET), (64, TRIPLET)]),)))
        assert len(re.findall(r'<tuplet [^>]*type="start"', xml)) == 1
        assert len(re.findall(r'<tuplet [^>]*type="stop"', xml)) == 1
        assert xml.count("<actual-notes>3</actual-notes>") == 3

    def test_quavers_are_beamed_by_the_beat(self) -> None:
        xml = musicxml(Tune("", (bar("C", [(60, Fraction(1, 2))] * 4),)))
        assert re.findall(r'<beam number="1">(\w+)</beam>', xml) == ["begin", "end"] * 2

    @pytest.mark.parametrize(("beats", "unit"), [(4, 4), (5, 4), (6, 4), (7, 4)])
    def test_beams_do_not_hide_the_quarters(self, beats: int, unit: int) -> None:
        quavers = [(60, QUAVER)] * (2 * beats)
        xml = musicxml(Tune("", (bar("C", quavers, Meter(beats, unit)),)))
        assert re.findall(r'<beam number="1">(\w+)</beam>', xml) == ["begin", "end"] * beats

    def test_three_eight_counts_in_eighths(self) -> None:
        tune = Tune("", (bar("C", [(60, QUAVER)], Meter(3, 8)),), (Tempo(Fraction(0), 120.0),))
        assert "♪ = 240" in lead_sheet(tune).svg

    def test_compound_meters_count_in_dotted_quarters(self) -> None:
        tune = Tune("", (bar("C", [(60, 3)], Meter(6, 8)),), (Tempo(Fraction(0), 120.0),))
        assert "♩. = 80" in lead_sheet(tune).svg
        mark = read_back(tune).flatten().getElementsByClass(tempo.MetronomeMark).first()
        assert (mark.referent.quarterLength, mark.number) == (1.5, 80)

    def test_a_hand_is_no_instrument(self) -> None:
        tune = replace(blues(), instrument=Instrument("rh:", 0))
        assert "<part-name>Piano</part-name>" in musicxml(tune)
        assert "<part-name>Guitar</part-name>" in musicxml(blues())

    def test_off_the_grid(self) -> None:
        # Fifths of a quarter have no written value.
        odd = Bar(Meter(4, 4), Fraction(4), (Note(60, Fraction(0), Fraction(1, 5)),),
                  bar("C", []).changes)  # fmt: skip
        with pytest.raises(NotationError, match="bar 1"):
            musicxml(Tune("", (odd,)))


class TestEngraving:
    def test_svg_draws_every_note(self) -> None:
        tune = blues()
        svg = lead_sheet(tune).svg
        ET.fromstring(svg)
        assert len(re.findall(r'class="note"', svg)) == len(tune.melody_notes()) + 1  # one is tied
        assert len(re.findall(r'class="tuplet"', svg)) == 3
        assert len(re.findall(r'class="system"', svg)) == 3  # four bars a line
        assert "A♭" in re.sub(r"<[^>]*>", "", svg)
        assert "Cm7♭5" in re.sub(r"<[^>]*>", "", svg)

    def test_a_chord_symbol_stands_once(self) -> None:
        svg = lead_sheet(Tune("", (bar("D7b9 C7#11", [(60, 4)]),), key=0)).svg
        symbols = re.findall(r'class="harm".*?</text>', svg)
        assert [re.sub("^.*?>|<[^>]*>", "", symbol) for symbol in symbols] == ["D7♭9", "C7♯11"]

    def test_no_sign_is_left_in_a_font_that_others_lack(self) -> None:
        assert not re.search("[\ue000-\uf8ff]", lead_sheet(blues()).svg)

    def test_crowded_bars_have_more_room(self) -> None:
        # Sixteen semiquavers a bar: half as many bars in a line that is as wide.
        full = [(60 + k % 12, SEMIQUAVER) for k in range(16)]
        sheets = [lead_sheet(Tune("", (bar("C", notes),) * 8)).svg for notes in ([(60, 4)], full)]
        widths = [re.search('width="([^"]*)"', svg)[1] for svg in sheets]  # type: ignore[index]
        assert widths[0] == widths[1]
        assert [len(re.findall(r'class="system"', svg)) for svg in sheets] == [2, 4]

    def test_fewer_bars_a_line_for_a_narrow_page(self) -> None:
        svg = lead_sheet(blues(), PHONE).svg
        assert 6 <= len(re.findall(r'class="system"', svg)) <= 12
        assert size(svg)[0] <= 500  # in CSS pixels: on a phone they are not much smaller

    def test_one_bar_is_as_wide_as_it_needs(self) -> None:
        one = Tune("C", (bar("C7", [(60, 4)]),))
        whole = size(lead_sheet(replace(one, bars=one.bars * 4)).svg)
        assert size(lead_sheet(one).svg)[0] < whole[0] / 2

    def test_a_full_last_line_is_as_wide_as_the_others(self) -> None:
        svg = lead_sheet(Tune("", (bar("C", [(60, 2), (62, 2)]),) * 8)).svg
        ends = [max(map(int, re.findall(r"M(\d+) \d+ L\1 ", line))) for line in systems(svg)]
        assert ends[0] == pytest.approx(ends[1], rel=0.01)

    def test_a_long_title_stays_on_the_sheet(self) -> None:
        svg = lead_sheet(Tune("Dm7b5 G7b9 | " * 15, (bar("C", [(60, 4)]),) * 8)).svg
        [(left, pixels, text)] = re.findall(
            r'<text x="(\d+)" y="26".*?font-size="(.*?)".*?>(.*?)<', svg
        )
        assert float(left) + in_bold(text, float(pixels)) <= size(svg)[0]

    @pytest.mark.parametrize(
        "changes",
        [["C#m7b5 F#7b9", "Bm7b5 E7alt", "Am7b5 D7#9", "Gmaj7#11 Ab13", "Ebmaj7/Bb Dbm7b5/Ab"],
         ["Dm7b5 G7b9"] * 5],
    )  # fmt: skip
    @pytest.mark.parametrize("paper", [SCREEN, PHONE])
    def test_long_chord_symbols_do_not_touch(self, changes: list[str], paper: Paper) -> None:
        tune = Tune("", tuple(bar(each, [(72, 1), (74, 1), (76, 1), (77, 1)]) for each in changes))
        svg = lead_sheet(tune, paper).svg
        assert len(systems(svg)) == -(-len(changes) // paper.bars)
        symbols = re.findall(
            r'class="harm">\s*<text [^>]*?x="(\d+)" y="(\d+)"[^>]*>(.*?)</text>', svg
        )
        boxes = []
        for x, y, spans in symbols:
            pieces = re.findall(r'font-size="(\d+)px">([^<]*)<', spans)
            wide = sum(in_bold(text, float(pixels)) for pixels, text in pieces)
            boxes.append((int(y), int(x), int(x) + wide))
        assert len(boxes) == 10
        for (y, _, end), (below, start, _) in pairwise(sorted(boxes)):
            assert y != below or end < start

    def test_equal_tunes_are_drawn_alike(self) -> None:
        assert lead_sheet(blues()).svg == lead_sheet(blues()).svg

    @pytest.mark.parametrize("ending", [".svg", ".png", ".musicxml", ".xml"])
    def test_files(self, tmp_path: Path, ending: str) -> None:
        path = tmp_path / f"solo{ending}"
        write_score(blues(), path)
        start = {".svg": b"<svg", ".png": b"\x89PNG"}.get(ending, b"<?xml")
        assert path.read_bytes().startswith(start)

    def test_a_tune_without_bars(self, tmp_path: Path) -> None:
        with pytest.raises(NotationError, match="at least one bar"):
            write_score(Tune("Nothing", ()), tmp_path / "nothing.svg")
        assert list(tmp_path.iterdir()) == []

    def test_unknown_ending(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"\.png, \.svg, \.musicxml or \.xml, found \.pdf"):
            write_score(blues(), tmp_path / "solo.pdf")

    def test_a_folder_that_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(FileError):
            write_score(blues(), tmp_path / "file" / "solo.musicxml")

    @pytest.mark.parametrize("package", ["verovio", "resvg_py"])
    def test_missing_package(
        self, tmp_path: Path, package: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(MissingPackageError, match=f"pip install {package}"):
            write_score(blues(), tmp_path / "solo.png")


def test_importing_is_light() -> None:
    code = (
        "import sys, djmodel.show.notation; "
        "print('music21' in sys.modules, 'verovio' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
