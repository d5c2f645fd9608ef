"""SoundFonts: the bundled one has all of General MIDI, and damaged ones are refused in one line."""

from __future__ import annotations

import random
from contextlib import suppress

import mido
import numpy as np
import pytest

from djmodel.outputs.audio import check_soundfont, default_soundfont, programs_of, render
from djmodel.outputs.soundfont import DRUM_BANK, SAMPLE, VORBIS, SoundFont, as_sf2
from seqmodel.errors import FileError

FONT = default_soundfont()
TUNED = {0: "piano", 11: "vibraphone", 32: "bass", 56: "trumpet", 66: "tenor", 95: "sweep pad"}


@pytest.fixture(scope="module")
def font() -> SoundFont:
    return SoundFont.read(FONT.read_bytes())


def played(tmp_path, *messages: mido.Message):
    midi = mido.MidiFile(tracks=[mido.MidiTrack(messages)])
    midi.save(tmp_path / "a.mid")
    return render(tmp_path / "a.mid")


def test_all_of_general_midi_and_three_drum_kits_are_there(font):
    presets = {(int(row["bank"]), int(row["program"])) for row in font.tables["phdr"][:-1]}
    kits = {(DRUM_BANK, 0), (DRUM_BANK, 32), (DRUM_BANK, 40)}  # standard, jazz, brushes
    assert presets == {(0, program) for program in range(128)} | kits
    assert all(font.used({program}, ()) for program in range(128))
    assert all(font.used((), {kit}) for _, kit in kits)


@pytest.mark.parametrize("program", TUNED, ids=TUNED.values())
def test_an_instrument_plays_in_tune(tmp_path, program):
    sound = played(
        tmp_path,
        mido.Message("program_change", program=program),
        mido.Message("note_on", note=57),
        mido.Message("note_off", note=57, time=960),
    )
    spectrum = np.abs(np.fft.rfft(sound.samples[:, 0], 2**18))
    frequencies = np.fft.rfftfreq(2**18, 1 / sound.rate)
    octave = (frequencies > 200) & (frequencies < 460)  # A3 and its first overtone, A4
    strongest = frequencies[octave][spectrum[octave].argmax()]
    assert min(abs(strongest / f - 1) for f in (220, 440)) < 0.012


@pytest.mark.parametrize("kit", [0, 32, 40])
@pytest.mark.parametrize("drum", [35, 38, 42, 51])  # bass drum, snare, hi-hat, ride
def test_drums_sound(tmp_path, kit, drum):
    sound = played(
        tmp_path,
        mido.Message("program_change", channel=9, program=kit),
        mido.Message("note_on", channel=9, note=drum),
        mido.Message("note_off", channel=9, note=drum, time=100),
    )
    assert np.abs(sound.samples).max() > 0.5


def test_only_the_samples_that_are_played_are_decoded():
    content = FONT.read_bytes()
    piano, drums = as_sf2(content, {0}, ()), as_sf2(content, {0}, {0})
    assert 1_000_000 < len(piano) < len(drums)
    headers = SoundFont.read(piano).tables["shdr"]
    assert not (headers["kind"] & VORBIS).any()
    assert as_sf2(piano, {0}, ()) == piano  # SF2 stays as it is


def test_programs_and_kits_of_a_file():
    track = [
        mido.Message("program_change", program=66),
        mido.Message("program_change", channel=9, program=40),
    ]
    assert programs_of(mido.MidiFile(tracks=[mido.MidiTrack(track)])) == ({0, 66}, {40})


def test_a_soundfont_of_a_user_may_be_sf3(tmp_path):
    path = tmp_path / "mine.sf3"
    path.write_bytes(FONT.read_bytes())
    check_soundfont(path)


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_sf3_file_is_refused_or_played(tmp_path, seed):
    rng, content = random.Random(seed), bytearray(FONT.read_bytes())
    for _ in range(2_000):
        content[rng.randrange(12, len(content))] = rng.randrange(256)
    path = tmp_path / "damaged.sf3"
    path.write_bytes(content)
    with suppress(FileError):  # and no other
        check_soundfont(path)


def test_an_instrument_without_end_is_refused(tmp_path, font):
    tables = {name: table.copy() for name, table in font.tables.items()}
    tables["igen"]["amount"][tables["igen"]["kind"] == SAMPLE] = 60_000  # no such sample
    path = tmp_path / "x.sf3"
    path.write_bytes(SoundFont(font.info, font.samples, tables).content())
    with pytest.raises(FileError, match=r"x\.sf3: the SoundFont is damaged"):
        check_soundfont(path)


def test_a_sample_that_is_not_vorbis_is_named(tmp_path, font):
    path = tmp_path / "x.sf3"
    path.write_bytes(SoundFont(font.info, bytes(len(font.samples)), font.tables).content())
    with pytest.raises(FileError, match=r"damaged: a sample is not Ogg Vorbis; choose another"):
        check_soundfont(path)
