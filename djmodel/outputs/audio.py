"""Sound: MIDI in, the samples of real instruments out, from installed packages alone.

As a command: `python -m djmodel.render FILE.mid` writes FILE.wav beside it.
"""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from djmodel.music.tune import Tune
from djmodel.outputs.suffixes import SOUND
from seqmodel.errors import FileError, InputError
from seqmodel.files import atomic_write, check_input_file, check_suffix, data_uri
from seqmodel.optional import MissingPackageError, require, require_package

if TYPE_CHECKING:
    from mido import MidiFile, MidiTrack

RATE = 44_100  # frames a second
TAIL_SECONDS = 1.0  # how long the last note may ring after the end of the music
FADE_SECONDS = 0.25  # the end of the tail, faded to silence
PEAK = 0.89  # of full scale: -1 dB, so that lossy encoders do not clip either
LOWEST_HZ = 20.0  # what lies below is not heard, and some sampled instruments have an offset
LONGEST_MINUTES = 60
DEFAULT_VOLUME = 100  # what General MIDI takes where a channel sets none

_MIDI = ("mido", "to read MIDI for the synthesiser")
_SYNTHESISER = ("midirenderer", "to play MIDI")
_MP3 = ("soundfile", "to write MP3")

# What a SoundFont from anywhere may take; a whole one takes far less.
_MOST_SECONDS = 600
_MOST_MEGABYTES = 2_000  # and _TIMES_ITS_SIZE the size of its file
_TIMES_ITS_SIZE = 8


@dataclass(frozen=True, eq=False)
class Sound:
    """`samples` (frames, 2), float32 within -1 to 1, left and right, at `rate` frames a second."""

    samples: np.ndarray = field(repr=False)
    rate: int = RATE

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    def save(self, path: str | Path) -> None:
        """Writes a .wav or .mp3 file. Raises InputError for another ending, FileError if it cannot
        be written."""
        content = self.mp3() if check_suffix(path, SOUND) == ".mp3" else self.wav()
        with atomic_write(path) as temporary:
            temporary.write_bytes(content)

    def _repr_html_(self) -> str:
        address = data_uri(self.mp3(), "audio/mpeg")
        return f'<audio controls preload="auto" src="{address}"></audio>'

    def wav(self) -> bytes:
        """The bytes of a WAV file, 16 bits a sample."""
        stream = io.BytesIO()
        with wave.open(stream, "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(self.rate)
            file.writeframes(np.round(self.samples * 32767).astype("<i2").tobytes())
        return stream.getvalue()

    def mp3(self) -> bytes:
        """The bytes of an MP3 file of variable rate, about half a megabyte a minute.

        Raises MissingPackageError without the package soundfile.
        """
        soundfile = require_package(*_MP3)
        stream = io.BytesIO()
        soundfile.write(
            stream,
            self.samples,
            self.rate,
            format="MP3",
            subtype="MPEG_LAYER_III",
            compression_level=0.8,
            bitrate_mode="VARIABLE",
        )
        return stream.getvalue()


def render(source: Tune | str | Path, soundfont: str | Path | None = None) -> Sound:
    """The sound of a tune or of a MIDI file: as long as the music and TAIL_SECONDS more, as loud as
    it gets without clipping.

    `soundfont` is an SF2 file; without it the General MIDI set that comes with pretty_midi plays.
    Raises FileError for a file that is not MIDI, has no notes or is too long, and for a SoundFont
    that is not one; InputError for a tune without notes; MissingPackageError where the synthesiser
    is not installed.
    """
    if isinstance(source, Tune):
        from djmodel.outputs.midi import midi_bytes

        if not source.bars or not (source.melody_notes() or source.accompaniment):
            hint = "let something sound: accompany(...) plays its chords"
            raise InputError("a tune with notes", "none", path=source.title or None, hint=hint)
        return _render(_parsed(midi_bytes(source), source.title or None), soundfont)
    path = check_input_file(source, "a MIDI file")
    return _render(_parsed(path.read_bytes(), path), soundfont)


def require_sound(soundfont: str | Path | None = None, ending: str = SOUND[0]) -> None:
    """Learns, before anything is written, whether sound can be made on `soundfont` and stored as
    `ending`. Raises MissingPackageError and FileError as `render` does."""
    for package in (_MIDI, _SYNTHESISER) + ((_MP3,) if ending == ".mp3" else ()):
        require(*package)
    if soundfont is None:
        default_soundfont()
        return
    mido = require_package(*_MIDI)
    track = [mido.Message("note_on", note=60), mido.Message("note_off", note=60, time=1)]
    _played(read_soundfont(soundfont), mido.MidiFile(tracks=[mido.MidiTrack(track)]), soundfont)


def default_soundfont() -> Path:
    """The SoundFont that pretty_midi brings along. Raises MissingPackageError without it."""
    spec = find_spec("pretty_midi")  # looks it up without importing it
    if spec is None or spec.origin is None:
        raise MissingPackageError("pretty_midi", "for its instruments")
    path = Path(spec.origin).with_name("TimGM6mb.sf2")
    if not path.exists():
        raise FileError(
            "the SoundFont of pretty_midi",
            "no such file",
            path=path,
            hint="name one with --soundfont, or pip install pretty_midi==0.2.11",
        )
    return path


def _parsed(content: bytes, path: str | Path | None) -> MidiFile:
    """A MIDI file. Raises FileError, with `path`, if it is none, plays nothing or far too long."""
    mido = require_package(*_MIDI)
    try:
        midi = mido.MidiFile(file=io.BytesIO(content), clip=True)
    except (OSError, EOFError, ValueError, LookupError, mido.KeySignatureError) as error:
        raise FileError(
            "a MIDI file",
            f"other content ({str(error) or 'it is cut off, or something else'})",
            path=path,
            hint="choose a .mid file that other programs can play",
        ) from error
    if midi.type == 2 or not midi.ticks_per_beat > 0:
        raise FileError(
            "MIDI of type 0 or 1, timed in beats",
            f"type {midi.type}, division {midi.ticks_per_beat}",
            path=path,
            hint="export it again as type 1",
        )
    if not any(m.type == "note_on" and m.velocity > 0 for t in midi.tracks for m in t):
        raise FileError("a MIDI file with notes", "none", path=path, hint="choose another file")
    minutes = midi.length / 60
    if minutes > LONGEST_MINUTES:
        raise FileError(
            f"at most {LONGEST_MINUTES} minutes of music",
            f"{minutes:.0f} minutes",
            path=path,
            hint="check its end: a stray event may stand far behind the last note",
        )
    return midi


def _render(midi: MidiFile, soundfont: str | Path | None) -> Sound:
    """Plays `midi`, softer and softer until nothing clips, then makes it as loud as fits."""
    fonts = read_soundfont(soundfont)
    seconds = midi.length
    _lengthen(midi, TAIL_SECONDS)
    loudness = 1.0
    while True:
        played = _played(fonts, _at_volume(midi, loudness), soundfont)
        if np.abs(played.samples).max(initial=0.0) < 0.999 or loudness < 0.01:
            break
        loudness /= 2
    sound = _resampled(played, RATE)
    return _finished(sound, round((seconds + TAIL_SECONDS) * RATE))


def read_soundfont(path: str | Path | None) -> bytes:
    """The bytes of a SoundFont. Raises FileError if `path` is something else."""
    path = default_soundfont() if path is None else check_input_file(path, "a SoundFont (.sf2)")
    content = path.read_bytes()
    if content[:4] != b"RIFF" or content[8:12] != b"sfbk":
        raise FileError(
            "a SoundFont (.sf2)", "another kind of file", path=path, hint="choose an SF2 file"
        )
    return content


def _played(soundfont: bytes, midi: MidiFile, font_name: str | Path | None) -> Sound:
    """What the synthesiser plays: its own rate, 16 bits, clipped where too loud. On a SoundFont
    with a name, which may be damaged, it plays in a process of its own: what its compiled code says
    to stderr is not for the user, and a crash there is an error here."""
    stream = io.BytesIO()
    midi.save(file=stream)
    if font_name is None:
        content = _synthesise(soundfont, stream.getvalue(), None)
    else:
        content = _synthesise_apart(soundfont, stream.getvalue(), font_name)
    with wave.open(io.BytesIO(content)) as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return Sound(frames.reshape(-1, 2).astype(np.float32) / 32768, file.getframerate())


def _synthesise_apart(soundfont: bytes, midi: bytes, font_name: str | Path) -> bytes:
    from seqmodel.parallel.sandbox import (
        CrashedError,
        OutOfMemoryError,
        OutOfTimeError,
        sandbox,
    )

    try:
        content: bytes = sandbox().call(
            _synthesise,
            soundfont,
            midi,
            font_name,
            seconds=_MOST_SECONDS,
            megabytes=_MOST_MEGABYTES + _TIMES_ITS_SIZE * (len(soundfont) >> 20),
        )
    except OutOfTimeError as error:
        raise _damaged(font_name, f"it takes more than {_MOST_SECONDS} seconds") from error
    except OutOfMemoryError as error:
        raise _damaged(font_name, "it takes far more memory than its size") from error
    except CrashedError as error:
        raise _damaged(font_name, f"it ends the synthesiser, {error}") from error
    return content


def _synthesise(soundfont: bytes, midi: bytes, font_name: str | Path | None) -> bytes:
    """The WAV file that the synthesiser makes."""
    midirenderer = require_package(*_SYNTHESISER)
    try:
        return bytes(midirenderer.render_wave_from(soundfont, midi))
    except BaseException as error:
        # What panics in compiled code arrives as a BaseException of a class that has no address.
        if not isinstance(error, RuntimeError) and type(error).__name__ != "PanicException":
            raise
        if str(error).startswith("MIDI error"):
            raise FileError("MIDI that the synthesiser reads", str(error)) from error
        raise _damaged(font_name, str(error)) from error


def _damaged(font_name: str | Path | None, why: str) -> FileError:
    return FileError(
        "a SoundFont (.sf2) that can be read",
        f"a damaged one ({why})",
        path=font_name,
        hint="choose another SF2 file",
    )


def _lengthen(midi: MidiFile, seconds: float) -> None:
    """Moves the end of the longest track `seconds` behind all others, in place: the synthesiser
    stops at the last event, in the middle of the last note's release."""
    import mido

    tempo = 500_000  # microseconds a quarter; written along, whatever was in force before
    ends = [sum(message.time for message in track) for track in midi.tracks]
    longest = midi.tracks[ends.index(max(ends))]
    ticks = round(mido.second2tick(seconds, midi.ticks_per_beat, tempo))
    longest.append(mido.MetaMessage("set_tempo", tempo=tempo))
    longest.append(mido.MetaMessage("end_of_track", time=ticks))


def _at_volume(midi: MidiFile, loudness: float) -> MidiFile:
    """A copy in which every channel sounds with `loudness` times its amplitude: synthesisers square
    the volume controller."""
    if loudness == 1.0:
        return midi
    import mido

    factor = loudness**0.5
    softer = mido.MidiFile(type=1, ticks_per_beat=midi.ticks_per_beat)
    first = mido.MidiTrack(
        mido.Message(
            "control_change", channel=channel, control=7, value=round(DEFAULT_VOLUME * factor)
        )
        for channel in range(16)
    )
    softer.tracks = [first, *(_track_at_volume(track, factor) for track in midi.tracks)]
    return softer


def _track_at_volume(track: MidiTrack, factor: float) -> MidiTrack:
    import mido

    return mido.MidiTrack(
        message.copy(value=round(message.value * factor))
        if message.type == "control_change" and message.control == 7
        else message
        for message in track
    )


def _resampled(sound: Sound, rate: int) -> Sound:
    """The same sound at another rate, without what lies below LOWEST_HZ: exact, by its spectrum."""
    seconds = -(-len(sound.samples) // sound.rate)  # whole ones, so that both lengths are
    channels = []
    for channel in sound.samples.T:
        spectrum = np.fft.rfft(channel, seconds * sound.rate)
        spectrum[: int(LOWEST_HZ * seconds)] = 0
        kept = np.zeros(seconds * rate // 2 + 1, spectrum.dtype)
        shared = min(len(kept), len(spectrum))
        kept[:shared] = spectrum[:shared]
        channels.append(np.fft.irfft(kept, seconds * rate) * (rate / sound.rate))
    return Sound(np.stack(channels, axis=1).astype(np.float32), rate)


def _finished(sound: Sound, frames: int) -> Sound:
    """Exactly `frames` long, faded at the end, its peak at PEAK (silence stays silence)."""
    samples = np.zeros((frames, 2), np.float32)
    played = sound.samples[:frames]
    samples[: len(played)] = played
    fade = min(round(FADE_SECONDS * sound.rate), frames)
    samples[frames - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)[:, None]
    peak = float(np.abs(samples).max(initial=0.0))
    if peak > 0:
        samples *= PEAK / peak
    return Sound(samples, sound.rate)
