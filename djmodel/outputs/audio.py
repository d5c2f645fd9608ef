"""Sound from MIDI: sampled instruments of a SoundFont, played by midirenderer."""

from __future__ import annotations

import io
from copy import deepcopy
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import mido
import numpy as np

from djmodel.inputs import midi_parser
from djmodel.music.tune import Tune
from djmodel.outputs.midi import MIDO, midi_content, sounding_bytes
from djmodel.outputs.performance.perform import Performance, as_performance
from djmodel.outputs.soundfont import as_sf2
from djmodel.outputs.suffixes import SOUND
from seqmodel.errors import FileError, InputError
from seqmodel.files import atomic_write, check_input_file, check_suffix, data_uri
from seqmodel.parallel.sandbox import CrashedError, OutOfMemoryError, OutOfTimeError, sandbox
from seqmodel.settings import checked
from seqmodel.text import pluralize

RATE = 48_000  # frames per second, as the synthesiser renders them
TAIL_SECONDS = 1.0  # of the last note's release after the end of the music
FADE_SECONDS = 0.25  # at the end of the tail
PEAK = 0.89  # of full scale: -1 dB, so that lossy encoders do not clip either
_CUTOFF_HZ = 20.0  # inaudible below; some sampled instruments have an offset
MAX_MINUTES = 30  # about 1.5 GB of memory
_MAX_PAUSE_SECONDS = 60  # of music without notes, and for each note
_FRAMES_PER_BLOCK = 1 << 20  # filtered at once
_VOLUME = 7  # the controller of a channel's volume
_DEFAULT_VOLUME = 100  # General MIDI's, of a channel that sets none
_DRUM_CHANNEL = 9  # counted from 0

# Limits on a SoundFont from the user. One that is not damaged needs far less.
_MAX_SECONDS = 600
_MAX_MEGABYTES = 2_000
_MEGABYTES_PER_FILE_MEGABYTE = 8  # of its file, in addition


@dataclass(frozen=True, eq=False)
class Sound:
    """Stereo audio: `samples (frames, 2)`, float32 from -1 to 1, at `rate` frames per second."""

    samples: np.ndarray = field(repr=False)
    rate: int = RATE

    @property
    def seconds(self) -> float:
        """The length."""
        return len(self.samples) / self.rate

    @checked
    def save(self, path: str | Path) -> None:
        """Writes a .wav or .mp3 file. Raises InputError for another suffix, FileError if it cannot
        be written."""
        content = self.mp3() if check_suffix(path, SOUND) == ".mp3" else self.wav()
        with atomic_write(path) as temporary:
            temporary.write_bytes(content)

    def _repr_html_(self) -> str:
        address = data_uri(self.mp3(), "audio/mpeg")
        return f'<audio controls preload="auto" src="{address}"></audio>'

    def wav(self) -> bytes:
        """The content of a WAV file of 16-bit samples."""
        return self._encoded(self.samples, format="WAV", subtype="PCM_16")

    def mp3(self, *, mono: bool = False) -> bytes:
        """The content of an MP3 file of variable bit rate, about half a megabyte per minute. `mono`
        takes 40 % of the time, and half of the space."""
        return self._encoded(
            self.samples.mean(axis=1) if mono else self.samples,
            format="MP3",
            subtype="MPEG_LAYER_III",
            compression_level=0.8,
            bitrate_mode="VARIABLE",
        )

    def _encoded(self, samples: np.ndarray, **options: object) -> bytes:
        import soundfile

        stream = io.BytesIO()
        soundfile.write(stream, samples, self.rate, **options)
        return stream.getvalue()


@checked
def render(source: Tune | Performance | str | Path, soundfont: str | Path | None = None) -> Sound:
    """The sound of a tune (by default as `perform` plays it) or of a MIDI file: one second longer
    than the music, as loud as possible without clipping.

    `soundfont` is an SF2 or SF3 file, by default the bundled General MIDI set. Raises
    InputError for a tune without notes, FileError for a file that is not MIDI, has no notes or is
    too long, and for a file that is not a SoundFont.
    """
    if not isinstance(source, (Tune, Performance)):
        path = check_input_file(source, "a MIDI file")
        return _render(_parsed(path.read_bytes(), path), soundfont)
    performance = as_performance(source)
    title = performance.score.title or None
    if not performance.score.bars or not any(part.notes for part in performance.parts):
        raise InputError(
            "the tune has no notes to play",
            path=title,
            hint="add an accompaniment, which plays its chords",
        )
    return _render(_parsed(sounding_bytes(performance), title), soundfont)


def check_soundfont(path: str | Path) -> None:
    """Checks before long work that a SoundFont can be played, by playing a note on it. Raises
    FileError."""
    track = [mido.Message("note_on", note=60), mido.Message("note_off", note=60, time=1)]
    _played(read_soundfont(path), mido.MidiFile(tracks=[mido.MidiTrack(track)]), path)


def default_soundfont() -> Path:
    """The bundled General MIDI set: instruments and drum kits of FluidR3Mono_GM (MIT licence)."""
    return Path(str(resources.files("djmodel.data") / "soundfont" / "general-midi.sf3"))


def read_soundfont(path: str | Path | None) -> bytes:
    """The content of a SoundFont. Raises FileError if `path` is something else."""
    path = check_input_file(default_soundfont() if path is None else path, "a SoundFont")
    content = path.read_bytes()
    if content[:4] != b"RIFF" or content[8:12] != b"sfbk":
        raise FileError("the file is not a SoundFont", path=path, hint="choose an SF2 or SF3 file")
    return content


def _parsed(content: bytes, path: str | Path | None) -> mido.MidiFile:
    """A MIDI file. Raises FileError, with `path`, if it is not one, has no notes or is too long; a
    damaged file has the error that reading it has."""
    try:
        midi_parser.parse(content)
    except midi_parser.DamagedFileError as error:
        hint = "choose another file, or export it again"
        raise FileError(str(error), path=path, hint=hint) from error
    try:
        with MIDO:
            midi = mido.MidiFile(file=io.BytesIO(content), clip=True)
    except (OSError, EOFError, ValueError, LookupError, mido.KeySignatureError) as error:
        raise FileError(
            f"the file is not MIDI or is damaged ({str(error) or 'it ends early'})",
            path=path,
            hint="choose a .mid file that other programs can play",
        ) from error
    if midi.type == 2 or not midi.ticks_per_beat > 0:
        raise FileError(
            f"MIDI of type {midi.type} with {midi.ticks_per_beat} ticks per beat cannot be played",
            path=path,
            hint="export it again as type 1, timed in beats",
        )
    _check_length(midi, path)
    return midi


def _check_length(midi: mido.MidiFile, path: str | Path | None) -> None:
    """Raises FileError for music without notes, and for music too long or too empty to be rendered:
    a file of a few bytes can last for hours."""
    n_notes = sum(m.type == "note_on" and m.velocity > 0 for t in midi.tracks for m in t)
    if not n_notes:
        raise FileError("the file has no notes", path=path, hint="choose another file")
    longest = min(MAX_MINUTES * 60, _MAX_PAUSE_SECONDS * (1 + n_notes))
    if midi.length > longest:
        notes = pluralize(n_notes, "note")
        raise FileError(
            f"the music, {notes}, lasts {midi.length / 60:.1f} minutes, more than {longest / 60:g}",
            path=path,
            hint="check its end: a stray event may be far behind the last note",
        )


def _render(midi: mido.MidiFile, soundfont: str | Path | None) -> Sound:
    """Plays `midi`, softer until nothing clips, then makes it as loud as possible."""
    font = read_soundfont(soundfont)
    if soundfont is None:
        font = as_sf2(font, *programs_of(midi))
    frames = round((midi.length + TAIL_SECONDS) * RATE)
    _lengthen(midi, TAIL_SECONDS)
    loudness = 1.0
    while True:
        played = _played(font, _at_volume(midi, loudness), soundfont)
        if _peak(played) < 0.999 or loudness < 0.01:
            return _finished(played, frames)
        loudness /= 2


def _played(soundfont: bytes, midi: mido.MidiFile, font_name: str | Path | None) -> np.ndarray:
    """The samples that the synthesiser plays, clipped where they are too loud. A SoundFont with a
    name may be damaged: it is played in a sandbox, where a crash is an error and what compiled code
    prints is not shown."""
    import soundfile

    arguments = soundfont, midi_content(midi), font_name
    megabytes = _MAX_MEGABYTES + _MEGABYTES_PER_FILE_MEGABYTE * (len(soundfont) >> 20)
    try:
        if font_name is None:
            content = _synthesise(*arguments)
        else:
            content = sandbox().call(
                _synthesise, *arguments, seconds=_MAX_SECONDS, megabytes=megabytes
            )
    except OutOfTimeError as error:
        raise _damaged(font_name, f"it needs more than {_MAX_SECONDS} seconds") from error
    except OutOfMemoryError as error:
        raise _damaged(font_name, "it needs far more memory than its size") from error
    except CrashedError as error:
        raise _damaged(font_name, f"the synthesiser crashes on it, {error}") from error
    samples, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    if rate != RATE:
        raise RuntimeError(f"the synthesiser renders {rate} frames per second, not {RATE}")
    played: np.ndarray = samples
    return played


def _synthesise(soundfont: bytes, midi: bytes, font_name: str | Path | None) -> bytes:
    """The WAV file that the synthesiser renders."""
    import midirenderer

    try:
        if font_name is not None:
            soundfont = as_sf2(soundfont, *programs_of(mido.MidiFile(file=io.BytesIO(midi))))
    except (ValueError, LookupError, RuntimeError) as error:
        raise _damaged(font_name, str(error)) from error
    try:
        return bytes(midirenderer.render_wave_from(soundfont, midi))
    except BaseException as error:
        # A panic in compiled code arrives as a BaseException of a class that cannot be imported.
        if not isinstance(error, RuntimeError) and type(error).__name__ != "PanicException":
            raise
        if str(error).startswith("MIDI error"):
            raise FileError(f"the synthesiser cannot play this MIDI: {error}") from error
        raise _damaged(font_name, str(error)) from error


def _damaged(font_name: str | Path | None, why: str) -> FileError:
    message = f"the SoundFont is damaged: {why}"
    return FileError(message, path=font_name, hint="choose another SoundFont")


def programs_of(midi: mido.MidiFile) -> tuple[set[int], set[int]]:
    """The General MIDI programs and the drum kits that a file plays."""
    programs: set[int] = {0}
    kits: set[int] = set()
    for message in (message for track in midi.tracks for message in track):
        if message.type == "program_change":
            (kits if message.channel == _DRUM_CHANNEL else programs).add(message.program)
        elif message.type == "note_on" and message.channel == _DRUM_CHANNEL:
            kits.add(0)
    return programs, kits


def _lengthen(midi: mido.MidiFile, seconds: float) -> None:
    """Moves the end of the longest track to `seconds` after the music, in place: the synthesiser
    stops at the last event, which would cut the last note's release."""
    tempo = 500_000  # microseconds per quarter, set anew for the tail
    ends = [sum(message.time for message in track) for track in midi.tracks]
    longest = midi.tracks[ends.index(max(ends))]
    ticks = round(mido.second2tick(seconds, midi.ticks_per_beat, tempo))
    longest.append(mido.MetaMessage("set_tempo", tempo=tempo))
    longest.append(mido.MetaMessage("end_of_track", time=ticks))


def _peak(samples: np.ndarray) -> float:
    """The largest absolute value, without a copy of the samples."""
    return float(max(samples.max(initial=0.0), -samples.min(initial=0.0)))


def _at_volume(midi: mido.MidiFile, loudness: float) -> mido.MidiFile:
    """A copy in which every channel has `loudness` times its amplitude. Synthesisers square the
    volume controller."""
    if loudness == 1.0:
        return midi
    softer, factor = deepcopy(midi), loudness**0.5
    for message in (message for track in softer.tracks for message in track):
        if message.is_cc(_VOLUME):
            message.value = round(message.value * factor)
    volume = {"control": _VOLUME, "value": round(_DEFAULT_VOLUME * factor)}
    first = (mido.Message("control_change", channel=channel, **volume) for channel in range(16))
    softer.type = 1
    softer.tracks.insert(0, mido.MidiTrack(first))
    return softer


def _finished(played: np.ndarray, frames: int) -> Sound:
    """Exactly `frames` frames, without offset, faded at the end, with its peak at PEAK."""
    from scipy.signal import butter, sosfilt

    high_pass = butter(2, _CUTOFF_HZ, "highpass", fs=RATE, output="sos")
    samples = np.zeros((frames, 2), np.float32)
    state = np.zeros((len(high_pass), 2, 2))
    for start in range(0, min(len(played), frames), _FRAMES_PER_BLOCK):
        block = played[start : min(start + _FRAMES_PER_BLOCK, frames)]
        filtered, state = sosfilt(high_pass, block, axis=0, zi=state)
        samples[start : start + len(block)] = filtered
    fade = min(round(FADE_SECONDS * RATE), frames)
    samples[frames - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)[:, None]
    peak = _peak(samples)
    if peak > 0:
        samples *= PEAK / peak
    return Sound(samples)
