"""Rendered sound: its spectrum, length and level."""

from __future__ import annotations

import io
import sys
import wave
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
import soundfile

from djmodel.inputs.music_files import rags
from djmodel.inputs.reader import read_tune
from djmodel.outputs.audio import PEAK, RATE, TAIL_SECONDS, Sound, render
from djmodel.outputs.midi import midi_bytes
from seqmodel.errors import FileError

QUARTER = 480  # ticks


def midi_file(
    path: Path,
    notes: list[tuple[int, int]],
    program: int = 0,
    together: bool = False,
    volume: int = 100,
) -> Path:
    """`notes` (pitch, quarters) one after the other, or all at once, at 120 a minute."""
    track = mido.MidiTrack([mido.Message("program_change", program=program)])
    track.append(mido.Message("control_change", control=7, value=volume))
    if together:
        track += [mido.Message("note_on", note=p, velocity=127) for p, _ in notes]
        track.append(mido.Message("note_off", note=notes[0][0], time=notes[0][1] * QUARTER))
        track += [mido.Message("note_off", note=p) for p, _ in notes[1:]]
    else:
        for pitch, quarters in notes:
            track.append(mido.Message("note_on", note=pitch, velocity=90))
            track.append(mido.Message("note_off", note=pitch, time=quarters * QUARTER))
    file = mido.MidiFile(type=0, ticks_per_beat=QUARTER)
    file.tracks.append(track)
    file.save(path)
    return path


def loudest_frequency(sound: Sound) -> float:
    """The frequency with most energy, in hertz, over the whole sound."""
    mono = sound.samples.mean(axis=1)
    spectrum = np.abs(np.fft.rfft(mono * np.hanning(len(mono)), 2**20))
    return float(np.argmax(spectrum)) * sound.rate / 2**20


@pytest.mark.parametrize(("pitch", "hertz"), [(69, 440.0), (57, 220.0), (60, 261.63)])
def test_a_note_sounds_at_its_pitch(tmp_path: Path, pitch: int, hertz: float) -> None:
    # One long note on the piano: A above middle C, the A below, middle C.
    sound = render(midi_file(tmp_path / "note.mid", [(pitch, 4)]))
    assert loudest_frequency(sound) == pytest.approx(hertz, abs=2)


def test_the_sound_is_as_long_as_the_music_and_a_tail(tmp_path: Path) -> None:
    # Six quarters at 120 a minute are three seconds.
    sound = render(midi_file(tmp_path / "line.mid", [(60, 1), (64, 1), (67, 4)]))
    assert sound.seconds == pytest.approx(3 + TAIL_SECONDS, abs=0.001)
    assert sound.samples.shape == (len(sound.samples), 2)
    # Every quarter sounds, the last one rings on, the end has faded.
    assert np.abs(sound.samples[round(3.05 * RATE) : round(3.2 * RATE)]).max() > 0.005
    quarters = sound.samples[: 3 * RATE].reshape(6, -1)
    assert (np.sqrt((quarters**2).mean(axis=1)) > 0.005).all()
    assert np.abs(sound.samples[-10:]).max() < 0.001


def test_many_loud_notes_do_not_clip(tmp_path: Path) -> None:
    # Two octaves of trumpets, far beyond what the synthesiser's 16 bits hold at full volume, make
    # the wave that they make at 80 of 127, where nothing clips.
    crowd = [(48 + i, 2) for i in range(24)]
    loud = midi_file(tmp_path / "loud.mid", crowd, program=56, together=True, volume=127)
    soft = midi_file(tmp_path / "soft.mid", crowd, program=56, together=True, volume=80)
    samples = render(loud).samples
    assert np.abs(samples).max() == pytest.approx(PEAK, abs=1e-4)
    assert np.abs(samples - render(soft).samples).max() < 0.05


def test_a_saxophone_has_no_dc_offset(tmp_path: Path) -> None:
    samples = render(midi_file(tmp_path / "sax.mid", [(57, 4)], program=65)).samples
    assert abs(samples.mean()) < 0.01 * samples.std()


def test_a_wav_file_holds_the_rendered_samples(tmp_path: Path) -> None:
    sound = render(midi_file(tmp_path / "a.mid", [(69, 1)]))
    sound.save(tmp_path / "a.wav")
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, RATE, 2)
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert np.abs(frames / 32768 - sound.samples).max() < 1e-4


def test_an_mp3_file_has_the_pitch_and_length_of_the_sound(tmp_path: Path) -> None:
    sound = render(midi_file(tmp_path / "a.mid", [(69, 4)]))
    content = sound.mp3()
    samples, rate = soundfile.read(io.BytesIO(content))
    assert len(content) < len(sound.wav()) / 4
    assert len(samples) / rate == pytest.approx(sound.seconds, abs=0.1)
    assert loudest_frequency(Sound(samples, rate)) == pytest.approx(440, abs=2)


class TestBadInput:
    def test_midi_without_notes_is_refused(self, tmp_path: Path) -> None:
        path = midi_file(tmp_path / "silent.mid", [])
        with pytest.raises(FileError, match=r"silent\.mid: the file has no notes"):
            render(path)

    @pytest.mark.parametrize("content", [b"", b"RIFF not MIDI", b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk"])
    def test_a_file_that_is_not_midi_is_refused(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "x.mid"
        path.write_bytes(content)
        with pytest.raises(
            FileError, match=r"x\.mid: the (file is empty|file does not begin|MIDI file)"
        ):
            render(path)

    def test_a_missing_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(FileError, match="no such file"):
            render(tmp_path / "x.mid")

    @pytest.mark.parametrize("content", [b"text", b"RIFF\x10\0\0\0sfbkLIST"])
    def test_a_file_that_is_not_a_soundfont_is_refused(
        self, tmp_path: Path, content: bytes
    ) -> None:
        font = tmp_path / "x.sf2"
        font.write_bytes(content)
        with pytest.raises(
            FileError, match=r"x\.sf2: the (file is not a SoundFont|SoundFont is damaged)"
        ):
            render(midi_file(tmp_path / "a.mid", [(69, 1)]), font)

    def test_music_that_lasts_for_hours_is_refused(self, tmp_path: Path) -> None:
        # A stray note 200,000 quarters behind the music: a day and more of silence.
        path = midi_file(tmp_path / "stray.mid", [(60, 1), (60, 200_000)])
        with pytest.raises(FileError, match="minutes, more than 3"):
            render(path)

    def test_a_file_of_one_note_cannot_fill_an_hour(self, tmp_path: Path) -> None:
        # 37 bytes of events and header: one note of 59 minutes, gigabytes of sound.
        path = midi_file(tmp_path / "hour.mid", [(60, 59 * 60 * 2)])
        with pytest.raises(FileError, match=r"1 note, lasts 59\.0 minutes, more than 2"):
            render(path)


def test_render_writes_wav_and_refuses_other_suffixes_in_one_line(
    command: Callable[..., Any], refuses: Callable[..., str], tmp_path: Path
) -> None:
    path = midi_file(tmp_path / "a.mid", [(69, 1)])
    done = command("djmodel.render", path)
    assert (done.status, done.out) == (0, f"{tmp_path / 'a.wav'}\n")
    assert "1.5 seconds" in done.err
    assert (tmp_path / "a.wav").stat().st_size > 100_000
    assert ".wav or .mp3" in refuses("djmodel.render", path, "--out", tmp_path / "a.xyz")
    assert not (tmp_path / "a.xyz").exists()


def test_threads_that_write_and_render_at_once_keep_each_others_titles():
    tune = replace(read_tune(rags()[0]).excerpt(1, 1), title="Ł♭" * 2000)

    def written(number: int) -> bytes:
        return render(tune).samples.tobytes() if number % 8 == 0 else midi_bytes(tune)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            assert len(set(pool.map(written, range(40)))) == 2
    finally:
        sys.setswitchinterval(interval)
