"""MusicXML read without music21: transposing parts, staves, drums, odd rhythm, archives."""

from __future__ import annotations

import zipfile
from fractions import Fraction

import pytest
from helpers import broken_files as bf
from helpers.sheets import COMMON, harmony, note, part, repeat, sheet

from djmodel.inputs.reader import read_score, read_tune, transcribe
from djmodel.music.chord_symbol import chord_symbol
from djmodel.music.meter import Meter
from djmodel.outputs.write import write_score
from seqmodel.errors import FileError

F = Fraction
B_FLAT = "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"
TENOR = B_FLAT.replace("</chromatic>", "</chromatic><octave-change>-1</octave-change>")
TWO_SHARPS = "<key><fifths>2</fifths></key>"


@pytest.fixture
def read(tmp_path):
    """Reads the score of a text."""

    def read(text):
        path = tmp_path / "tune.musicxml"
        path.write_text(text)
        return read_score(path)

    return read


def onsets(score, number=0):
    return [(n.pitch, n.onset, n.duration) for n in score.parts[number].notes]


# --- transposing instruments ---------------------------------------------------------------------


def test_a_transposing_part_is_read_as_it_sounds(read):
    bar = harmony("D", "major") + note("D5")
    score = read(sheet(part(bar, attributes=TWO_SHARPS + COMMON + TENOR)))
    assert onsets(score) == [(60, 0, 4)]
    assert score.key == 0
    assert chord_symbol(score.symbols[0].chord) == "C"


def test_a_transposing_part_without_a_key_has_none(read):
    score = read(sheet(part(harmony("C#", "minor") + note("C#5"), attributes=COMMON + B_FLAT)))
    assert score.key is None
    assert onsets(score) == [(71, 0, 4)]
    assert chord_symbol(score.symbols[0].chord) == "Bm"


def test_the_key_of_a_concert_part_is_that_of_a_transposing_one(read):
    trumpet = part(note("D5"), attributes=TWO_SHARPS + COMMON + B_FLAT)
    piano = part(note("C4"), attributes="<key><fifths>0</fifths></key>", identity="P2")
    assert read(sheet(trumpet, piano)).key == read(sheet(piano, trumpet)).key == 0


@pytest.mark.parametrize(
    ("transpose", "pitch"),
    [
        ("<transpose><chromatic>-2</chromatic></transpose>", 58),
        ("<transpose><octave-change>-1</octave-change></transpose>", 48),
        ("<transpose><chromatic>much</chromatic></transpose>", 60),
        ("<transpose><chromatic>999</chromatic></transpose>", 60),
        ("<transpose/>", 60),
    ],
)
def test_a_transposition_that_says_little_or_nonsense_is_taken_for_what_it_says(
    read, transpose, pitch
):
    assert onsets(read(sheet(part(note("C4"), attributes=COMMON + transpose)))) == [(pitch, 0, 4)]


# --- notes ---------------------------------------------------------------------------------------


def test_chords_voices_tuplets_and_ties_have_their_places(read):
    triplet = note("C5", 2 / 3) + note("D5", 2 / 3) + note("E5", 2 / 3)
    chord = note("C4", 2) + note("E4", 2, "<chord/>")
    second = "<backup><duration>48</duration></backup>" + note("R", 1) + note("C3", 3)
    held = note("E5", 1, '<tie type="start"/>') + note("E5", 1, '<tie type="stop"/>')
    score = read(sheet(part(triplet + held + second, chord + note("R", 2))))
    assert sorted(onsets(score)) == sorted([
        (72, 0, F(2, 3)), (74, F(2, 3), F(2, 3)), (76, F(4, 3), F(2, 3)), (76, 2, 2), (48, 1, 3),
        (60, 4, 2), (64, 4, 2),
    ])  # fmt: skip


def test_notes_of_cues_and_slashes_are_silent(read):
    slash = note("B4", 1, "<notehead>slash</notehead>")
    score = read(sheet(part(slash * 2 + note("C5", 1, "<cue/>") + note("D5", 1))))
    assert onsets(score) == [(74, 3, 1)]


def test_two_staves_are_two_parts_and_drums_are_drums(read):
    staves = note("C5", 4, "<staff>1</staff>") + "<backup><duration>48</duration></backup>"
    listed = (
        '<score-part id="P1"><part-name>Piano</part-name></score-part><score-part id="P2">'
        "<part-name>Kit</part-name>"
        '<midi-instrument id="K1"><midi-channel>10</midi-channel>'
        "<midi-unpitched>37</midi-unpitched></midi-instrument>"
        '<midi-instrument id="K2"><midi-unpitched>39</midi-unpitched></midi-instrument>'
        "</score-part>"
    )
    beat = "<note><unpitched/><duration>24</duration><instrument id='{}'/></note>"
    kit = part(beat.format("K1") + beat.format("K2"), identity="P2")
    score = read(sheet(part(staves + note("C3", 4, "<staff>2</staff>")), kit, part_list=listed))
    assert [(p.name, p.drums) for p in score.parts] == [
        ("Piano upper", False), ("Piano lower", False), ("Kit", True)]  # fmt: skip
    assert onsets(score, 2) == [(36, 0, 2), (38, 2, 2)]


def test_a_staff_with_the_clef_of_percussion_is_drums(read):
    clef = '<clef number="2"><sign>percussion</sign></clef>'
    staves = note("C5", 4) + "<backup><duration>48</duration></backup>"
    bar = staves + note("E4", 4, "<staff>2</staff>")
    assert [p.drums for p in read(sheet(part(bar, attributes=COMMON + clef))).parts] == [
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("beats", "meter"),
    [
        ("<beats>3+2</beats><beat-type>8</beat-type>", Meter(5, 8)),
        ("<beats>3</beats><beat-type>8</beat-type><beats>1</beats><beat-type>4</beat-type>",
         Meter(5, 8)),
        ("<beats>0</beats><beat-type>4</beat-type>", Meter(4, 4)),
        ("<beats>3</beats><beat-type>5</beat-type>", Meter(4, 4)),
        ("<senza-misura/>", Meter(4, 4)),
    ],
)  # fmt: skip
def test_meters_are_read_or_left_out(read, beats, meter):
    score = read(sheet(part(note("C5", 2.5), note("D5", 2.5), attributes=f"<time>{beats}</time>")))
    assert [measure.meter for measure in score.measures] == [meter] * 2


def test_a_short_voice_does_not_move_the_other_parts(read):
    upper = part(note("C5", 2), note("D5"))
    lower = part(note("C3"), note("D3"), identity="P2")
    resting = part(note("R", 8), note("R", 8), identity="P3")
    score = read(sheet(upper, lower, resting))
    assert onsets(score, 0) == [(72, 0, 2), (74, 4, 4)]
    assert onsets(score, 1) == [(48, 0, 4), (50, 4, 4)]


@pytest.mark.parametrize(
    ("direction", "bpm"),
    [
        ('<sound tempo="90"/>', 90),
        ("<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/>"
         "<per-minute>c. 80</per-minute></metronome></direction-type></direction>", 120),
        ("<direction><direction-type><metronome><beat-unit>half</beat-unit><per-minute>50"
         '</per-minute></metronome></direction-type><sound tempo="104"/></direction>', 104),
        ('<sound tempo="fast"/>', 120),
    ],
)  # fmt: skip
def test_tempos_are_quarter_notes_per_minute(read, direction, bpm):
    assert read(sheet(part(direction + note("C5")))).tempos[0].bpm == bpm


def test_a_score_that_is_written_bar_by_bar_is_read(read):
    parts = '<part id="{}"><attributes><divisions>12</divisions></attributes>{}</part>'
    bars = "".join(
        f"<measure>{parts.format('P1', note(high))}{parts.format('P2', note(low))}</measure>"
        for high, low in (("C5", "C3"), ("D5", "D3"))
    )
    text = sheet(bars).replace("score-partwise", "score-timewise")
    assert onsets(read(text), 1) == [(48, 0, 4), (50, 4, 4)]


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<work><work-title>Misty Bay</work-title></work>", "Misty Bay"),
        ("<movement-title>bay.mxl</movement-title>", "bay"),
        (
            "<credit><credit-type>title</credit-type><credit-words>Bay</credit-words></credit>",
            "Bay",
        ),
        ("", "tune"),
    ],
)
def test_the_title_is_the_one_that_the_sheet_gives(read, head, title):
    assert read(sheet(part(note("C5")), head=head)).title == title


@pytest.mark.parametrize(
    ("creators", "composer"),
    [
        ('<creator type="composer">Fats\n  Waller</creator>', "Fats Waller"),
        (
            '<creator type="composer">George Gershwin</creator>'
            '<creator type="lyricist">Ira Gershwin</creator>',
            "George Gershwin",
        ),
        (
            '<creator type="composer">Charlie Parker</creator>'
            '<creator type="composer">Benny Harris</creator>',
            "Charlie Parker, Benny Harris",
        ),
        ('<creator type="composer">Composer / arranger</creator>', ""),  # of a template
        ("", ""),
    ],
)
def test_the_composer_is_the_one_that_the_sheet_names(tmp_path, creators, composer):
    path = tmp_path / "tune.musicxml"
    head = f"<identification>{creators}</identification>"
    path.write_text(sheet(part(harmony("C") + note("C5", 2) + note("E5", 2)), head=head))
    assert read_tune(path).composer == composer


def test_a_sheet_that_is_written_again_names_its_composer(tmp_path):
    first, again = tmp_path / "tune.musicxml", tmp_path / "again.musicxml"
    head = '<identification><creator type="composer">Fats Waller</creator></identification>'
    first.write_text(sheet(part(harmony("C") + note("C5", 2) + note("E5", 2)), head=head))
    write_score(read_tune(first), again)
    assert read_tune(again).composer == "Fats Waller"


def test_symbols_without_a_meaning_are_counted(read):
    function = "<harmony><function>V</function><kind>major</kind></harmony>"
    score = read(sheet(part(harmony("C") + note("C5", 2) + function + note("D5", 2))))
    assert score.remarks == ("1 chord symbol without a meaning left out",)


def test_chords_are_inferred_where_the_sheet_says_only_that_there_are_none(tmp_path):
    path = tmp_path / "silent.musicxml"
    path.write_text(
        sheet(part(harmony("C", "none") + note("C5", 1), *map(note, ("E5", "G5", "D5"))))
    )
    made = transcribe(path)
    assert made.note == "chords inferred from the melody"
    assert all(bar.changes for bar in made.tune.bars)


def test_text_in_utf_16_is_read(tmp_path):
    path = tmp_path / "wide.xml"
    path.write_bytes(sheet(part(note("C5"))).replace("UTF-8", "UTF-16").encode("utf-16"))
    assert len(read_score(path).parts) == 1


# --- archives ------------------------------------------------------------------------------------

CONTAINER = '<container><rootfiles><rootfile full-path="{}"></rootfiles>'  # not well-formed


@pytest.mark.parametrize(
    "container", [None, "", "no XML", CONTAINER.format("gone.xml"), CONTAINER.format("b.musicxml")]
)
def test_an_archive_is_read_for_its_score_whatever_its_container_says(tmp_path, container):
    path = tmp_path / "tune.mxl"
    with zipfile.ZipFile(path, "w") as archive:
        if container is not None:
            archive.writestr("META-INF/container.xml", container)
        archive.writestr("b.musicxml", sheet(part(note("C5") + repeat("backward"), note("D5"))))
        archive.writestr("cover.png", b"\x00" * 99)
    assert onsets(read_score(path)) == [(72, 0, 4), (72, 4, 4), (74, 8, 4)]


def test_the_score_that_the_container_names_is_read(tmp_path):
    path = tmp_path / "tune.mxl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/container.xml", CONTAINER.format("score &amp; parts.xml"))
        archive.writestr("__MACOSX/._score.xml", b"\x00\x05")
        archive.writestr("part.xml", sheet(part(note("C3"))))
        archive.writestr("score & parts.xml", sheet(part(note("C5"))))
    assert onsets(read_score(path)) == [(72, 0, 4)]


def damaged(path):
    content = bytearray(path.read_bytes())
    content[60:90] = bytes(30)
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:-30])


def beheaded(path):
    """Without its first bytes, so that the score seems to lie before the start of the file."""
    path.write_bytes(path.read_bytes()[2:])


def locked(path):
    content = path.read_bytes()
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.index(mark) + flags
        content = content[:at] + b"\x01\x00" + content[at + 2 :]
    path.write_bytes(content)


def emptied(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/container.xml", CONTAINER.format("a.xml"))


@pytest.mark.parametrize(
    ("accident", "reason"),
    [
        (damaged, "the archive is damaged"),
        (cut, "the archive is damaged .cut off."),
        (beheaded, "the archive is damaged"),
        (locked, "cannot be unpacked"),
        (emptied, "the archive has no MusicXML score"),
    ],
)
def test_an_archive_that_cannot_be_read_is_refused_in_one_line(tmp_path, accident, reason):
    path = tmp_path / "tune.mxl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tune.xml", bf.music_xml(bf.SCALE * 30))
    accident(path)
    with pytest.raises(FileError, match=reason) as caught:
        read_tune(path)
    assert "\n" not in str(caught.value)
