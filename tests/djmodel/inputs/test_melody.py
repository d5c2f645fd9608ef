"""Roles of parts: the melody, the harmony; and the melody as one line."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from helpers import midi_files as mf
from hypothesis import given, settings
from hypothesis import strategies as st

from djmodel.inputs.melody.line import divide, legato, skyline, split_pitch
from djmodel.inputs.melody.selection import choose_parts
from djmodel.inputs.music_files import rags
from djmodel.inputs.quantization import STEPS_PER_QUARTER, GridNote
from djmodel.inputs.reader import read_score
from djmodel.inputs.score import Score
from seqmodel.errors import CorpusError

# Twinkle, twinkle, little star, with a rest between the lines; the chords that go with it.
TUNE = [
    *mf.line(72, 72, 79, 79, 81, 81),
    (6, 1.5, 79),
    *mf.line(77, 77, 76, 76, 74, 74, start=8),
    (14, 1.5, 72),
    *mf.line(79, 79, 77, 77, 76, 76, start=16),
    (22, 1.5, 74),
    *mf.line(72, 72, 79, 79, 81, 81, start=24),
    (30, 1.5, 79),
]
C, F, G = (60, 64, 67), (60, 65, 69), (59, 62, 67)
BLOCKS = mf.chords(C, F, C, C, F, C, G, C, C, G, C, G, C, F, C, C, length=2)
ROOTS = mf.line(48, 41, 48, 48, 41, 48, 43, 48, 48, 43, 48, 43, 48, 41, 48, 48, length=2)
BASS = [(onset, length, pitch - 12) for onset, length, pitch in ROOTS]
ARPEGGIO = [
    (2 * n + k / 4, 0.25, chord[(0, 1, 2, 1)[k % 4]])
    for n, chord in enumerate([C, F, C, C, F, C, G, C, C, G, C, G, C, F, C, C])
    for k in range(8)
]
BEAT = mf.line(*[42, 38] * 16)


def roles(score: Score, **asked: str) -> dict[str, str]:
    return {result.part.name: result.role for result in choose_parts(score, **asked).roles}


@pytest.fixture
def band(tmp_path: Path) -> Score:
    """Five unnamed pianos and drums, which differ only in their notes."""
    path = mf.write(
        tmp_path / "band.mid",
        mf.Track(BEAT, "a", channel=9),
        mf.Track(BLOCKS, "b", 0, 0),
        mf.Track(BASS, "c", 0, 1),
        mf.Track(ARPEGGIO, "d", 0, 2),
        mf.Track(TUNE, "e", 0, 3),
        mf.Track([(on, length, pitch + 12) for on, length, pitch in TUNE], "f", 0, 4),
    )
    return read_score(path)


def test_roles_in_a_band_follow_from_the_notes_of_each_part(band: Score) -> None:
    assert roles(band) in (
        dict.fromkeys("bcd", "harmony") | {"a": "drums", "e": "melody", "f": "doubles the melody"},
        dict.fromkeys("bcd", "harmony") | {"a": "drums", "f": "melody", "e": "doubles the melody"},
    )


def test_every_part_gets_a_reason(band: Score) -> None:
    reasons = {v.part.name: v.reason for v in choose_parts(band).roles}
    assert reasons["a"] == "on the channel of drums"
    assert "sounds chords" in reasons["b"]
    assert "has the bass" in reasons["c"]
    assert all(reasons.values())


def test_a_part_named_melody_is_the_melody_whatever_it_plays(tmp_path: Path) -> None:
    # The flute plays all the time, high and alone; but the saxophone's track says what it is.
    path = mf.write(
        tmp_path / "x.mid",
        mf.Track([(on, length, pitch + 12) for on, length, pitch in TUNE], "Flute", 73, 0),
        mf.Track([(on, length, pitch - 7) for on, length, pitch in TUNE[:13]], "Melody", 65, 1),
        mf.Track(BLOCKS, "Piano", 0, 2),
    )
    assert roles(read_score(path))["Melody"] == "melody"


def test_the_part_with_the_lyrics_is_the_melody(tmp_path: Path) -> None:
    import mido

    low = [(on + 0.25, length - 0.25, pitch - 12) for on, length, pitch in TUNE]
    words = [(on, mido.MetaMessage("lyrics", text="la")) for on, _, _ in low]
    path = mf.write(
        tmp_path / "x.mid",
        mf.Track(metas=words),
        mf.Track(TUNE, "one", 73, 0),
        mf.Track(low, "two", 0, 1),
        mf.Track(BLOCKS, "three", 0, 2),
    )
    assert roles(read_score(path))["two"] == "melody"


def test_words_are_sung_to_a_line_not_to_a_guitar_that_strikes_all_the_time(tmp_path: Path) -> None:
    import mido

    low = [(on, length, pitch - 24) for on, length, pitch in TUNE]
    guitar = [(k / 4, 0.25, 72 + (k * 5) % 12) for k in range(128)]
    words = [(on, mido.MetaMessage("text", text="la")) for on, _, _ in low]
    path = mf.write(
        tmp_path / "x.kar",
        mf.Track(metas=words),
        mf.Track(guitar, "one", 26, 0),
        mf.Track(low, "two", 0, 1),
        mf.Track(BLOCKS, "three", 0, 2),
    )
    choice = choose_parts(read_score(path))
    assert [v.role for v in choice.roles][1] == "melody"
    assert choice.roles[1].reason.startswith("the words are sung to it")
    assert max(v.melody for v in choice.roles) <= 1


@pytest.mark.parametrize("texts", [["C", "F", "G7"], ["made by me"]])
def test_names_of_chords_and_remarks_are_not_sung(tmp_path: Path, texts: list[str]) -> None:
    import mido

    onsets = [2 * n if len(texts) > 1 else 0 for n in range(16)]
    metas = [
        (at, mido.MetaMessage("text", text=texts[n % len(texts)])) for n, at in enumerate(onsets)
    ]
    path = mf.write(tmp_path / "x.mid", mf.Track(metas=metas), mf.Track(TUNE, "one"))
    assert read_score(path).syllables == ()


def test_drums_on_another_channel_are_recognized_by_name(tmp_path: Path) -> None:
    path = mf.write(
        tmp_path / "x.mid",
        mf.Track(BEAT, "Hi-Hat & Snare", 0, 3),
        mf.Track(BEAT, "Kit", 0, 4),
        mf.Track(TUNE, "Steel Drums", 114, 0),
        mf.Track(BLOCKS, "Piano", 0, 1),
    )
    assert roles(read_score(path)) == {
        "Hi-Hat & Snare": "drums",
        "Kit": "drums",
        "Steel Drums": "melody",
        "Piano": "harmony",
    }


def test_channels_of_a_type_0_file_are_separate_parts(tmp_path: Path) -> None:
    path = mf.write(
        tmp_path / "x.mid",
        mf.Track(BLOCKS, program=0, channel=0),
        mf.Track(BASS, program=32, channel=1),
        mf.Track(TUNE, program=73, channel=2),
        mf.Track(BEAT, channel=9),
        one_track=True,
    )
    choice = choose_parts(read_score(path))
    assert [v.role for v in choice.roles] == ["harmony", "harmony", "melody", "drums"]
    assert [note.pitch for note in choice.melody] == [pitch for _, _, pitch in TUNE]


def test_melody_and_chords_on_one_channel_are_divided(tmp_path: Path) -> None:
    path = mf.write(tmp_path / "x.mid", mf.Track([*TUNE, *BLOCKS, *BASS], "Piano", 0))
    choice = choose_parts(read_score(path))
    assert [note.pitch for note in choice.melody] == [pitch for _, _, pitch in TUNE]
    [rest] = choice.accompaniment
    assert len(rest.notes) == len(BLOCKS) + len(BASS)
    assert choice.roles[0].role == "melody and harmony"
    assert choice.roles[0].reason.endswith(": the only part with pitches")


@pytest.mark.parametrize("path", rags(), ids=lambda path: path.stem)
def test_two_hands_on_one_track_are_separated(path: Path) -> None:
    # Both hands of a rag as one part: nine of ten melody notes are those of the right hand.
    right, left = (part.grid_notes for part in read_score(path).parts)
    line, rest = divide(sorted(right + left))
    expected = {(s.start, s.pitch) for s in skyline(right)}
    found = {(s.start, s.pitch) for s in line}
    assert len(expected & found) >= 0.9 * max(len(expected), len(found))
    played = {(s.start, s.pitch) for s in right + left}
    assert {(s.start, s.pitch) for s in rest} == played - found
    assert rest


def test_a_lone_melody_has_no_accompaniment(tmp_path: Path) -> None:
    choice = choose_parts(read_score(mf.write(tmp_path / "x.mid", mf.Track(TUNE, "Flute", 73))))
    assert choice.lone_melody
    assert choice.accompaniment == ()
    assert choice.harmony_notes == choice.melody


def test_parts_of_the_courses_file(metheny: Path) -> None:
    roles_by_name = roles(read_score(metheny))
    assert roles_by_name["Guitar"] == "melody"
    assert roles_by_name["Piano"] == "harmony"
    assert {roles_by_name[name] for name in ("Ride", "Kick", "Congas", "Woodblock")} == {"drums"}


# --- parts chosen by the user ------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["b", "2", 2, ["b"], "B "])
def test_a_part_is_chosen_by_name_or_number(band: Score, asked: object) -> None:
    choice = choose_parts(band, melody=asked)  # type: ignore[arg-type]
    assert [v.role for v in choice.roles][1] == "melody"
    assert choice.roles[1].reason == "chosen by you"


@pytest.mark.parametrize("asked", ["b,c", "2, 3", ["b", 3]])
def test_several_chord_parts_are_chosen_by_name_or_number(band: Score, asked: object) -> None:
    choice = choose_parts(band, melody="e", chords=asked)  # type: ignore[arg-type]
    assert [len(part.notes) for part in choice.accompaniment] == [len(BLOCKS), len(BASS)]


def test_an_exact_name_takes_precedence_over_a_prefix(tmp_path: Path) -> None:
    path = mf.write(
        tmp_path / "x.mid",
        mf.Track(BASS, "Piano Elec.", 4, 0),
        mf.Track(BLOCKS, "Piano", 0, 1),
        mf.Track(TUNE, "Guitar", 26, 2),
    )
    score = read_score(path)
    assert roles(score, chords="piano")["Piano Elec."] == "left out"
    assert roles(score, chords="piano e")["Piano Elec."] == "harmony"


def test_drums_can_be_chosen_as_the_melody(band: Score) -> None:
    choice = choose_parts(band, melody="a", chords="b")
    assert choice.roles[0].role == "melody"


def test_an_unknown_part_lists_those_that_exist(band: Score) -> None:
    with pytest.raises(CorpusError, match=r"'Guitar'.*1 \(a\), 2 \(b\).*6 \(f\)"):
        choose_parts(band, melody="Guitar")


def test_one_part_as_melody_and_chords_is_divided(tmp_path: Path) -> None:
    path = mf.write(
        tmp_path / "x.mid", mf.Track([*TUNE, *BLOCKS], "Piano", 0), mf.Track(BASS, "Bass", 32, 1)
    )
    choice = choose_parts(read_score(path), melody="Piano", chords="Piano,Bass")
    assert [note.pitch for note in choice.melody] == [pitch for _, _, pitch in TUNE]
    assert [len(part.notes) for part in choice.accompaniment] == [len(BLOCKS), len(BASS)]


# --- music without a melody or chords ----------------------------------------------------------


@pytest.mark.parametrize(
    ("track", "message"),
    [
        (mf.Track(BEAT, "Drums", channel=9), "has drums only"),
        (mf.Track([(0, 1, 60)], "Piano"), "has only one note"),
        (mf.Track(mf.line(60, 60, 62, 60), "Flute"), "no part has chords"),
    ],
)
def test_music_without_a_melody_or_chords_is_refused(
    tmp_path: Path, track: mf.Track, message: str
) -> None:
    with pytest.raises(CorpusError, match=message):
        choose_parts(read_score(mf.write(tmp_path / "x.mid", track)))


# --- the skyline -------------------------------------------------------------------------------

Q = STEPS_PER_QUARTER


def sound(start: float, end: float, pitch: int) -> GridNote:
    return GridNote(round(start * Q), round(end * Q), pitch, 80)


def test_the_skyline_takes_the_highest_note_of_a_chord() -> None:
    assert skyline([sound(0, 2, 60), sound(0, 1, 64), sound(0, 1, 67)]) == (sound(0, 1, 67),)


def test_in_the_skyline_a_higher_note_cuts_the_note_that_sounds() -> None:
    assert skyline([sound(0, 4, 60), sound(1, 2, 67)]) == (sound(0, 1, 60), sound(1, 2, 67))


def test_in_the_skyline_a_lower_note_enters_after_the_held_note_if_enough_is_left() -> None:
    held = sound(0, 2, 67)
    assert skyline([held, sound(1, 4, 60)]) == (held, sound(2, 4, 60))
    assert skyline([held, sound(1, 2.5, 60)]) == (held,)


grid_notes = st.builds(
    lambda start, length, pitch: GridNote(start, start + length, pitch, 80),
    st.integers(0, 60),
    st.integers(1, 30),
    st.integers(40, 80),
)


@given(st.lists(grid_notes, max_size=20))
@settings(deadline=None)
def test_the_skyline_is_monophonic_and_never_below_a_note_that_begins(
    played: list[GridNote],
) -> None:
    line = skyline(played)
    for before, after in pairwise(line):
        assert before.start < before.end <= after.start
    for new in played:
        assert any(s.start <= new.start < s.end and s.pitch >= new.pitch for s in line)
    for top in line:
        assert any(s.pitch == top.pitch and s.start <= top.start < s.end for s in played)


def test_gaps_too_short_for_a_rest_are_closed() -> None:
    # From the end of a triplet to the next fourth, a twelfth: closed. A real rest stays.
    line = [GridNote(0, 16, 60, 80), GridNote(18, 24, 62, 80), GridNote(30, 36, 64, 80)]
    assert legato(line) == (GridNote(0, 18, 60, 80), *line[1:])
    assert legato([]) == ()


def test_a_few_short_rests_in_written_music_stay() -> None:
    # Eighths, and once a sixth of a quarter is left out, as in a triplet of sixteenths.
    line = [GridNote(12 * n, 12 * n + 12, 60, 80) for n in range(24)]
    line[7] = line[7]._replace(end=line[7].end - 4)
    assert legato(line, is_exact=True) == tuple(line)
    assert legato(line)[7].end == line[8].start
    # Where most notes end early, nobody wrote the rests.
    early = [note._replace(end=note.start + 9) for note in line]
    assert legato(early, is_exact=True) == (*legato(line)[:-1], early[-1])


def test_a_line_with_a_few_overlaps_is_one_line() -> None:
    # Of a player who holds a key a little too long, and strikes two at once.
    played = [sound(n, n + 1, 60 + 7 * n % 24) for n in range(60)]
    played[20] = sound(20, 21.25, played[20].pitch)
    line, rest = divide([*played[:40], sound(39, 40, 40), *played[40:]])
    assert [note.start for note in line] == [note.start for note in played]
    assert [note.pitch for note in rest] == [40]


def test_two_hands_are_split_at_the_gap_between_them() -> None:
    played = [sound(n, n + 1, pitch) for n, pitch in enumerate([40, 43, 47, 67, 71, 74])]
    assert 47 < split_pitch(played) <= 67
