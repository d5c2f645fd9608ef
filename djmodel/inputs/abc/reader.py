"""Files of ABC -> scores: one for each tune of a tune book, as it is played."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from html import unescape
from itertools import islice
from pathlib import Path

from djmodel.inputs.abc.fields import (
    KeyField,
    read_key,
    read_length,
    read_meter,
    read_order,
    read_properties,
    read_tempo,
    read_transposition,
)
from djmodel.inputs.abc.voice import TOKEN, VoiceReader
from djmodel.inputs.limits import Deadline
from djmodel.inputs.midi_parser import plain_text
from djmodel.inputs.score import (
    DRUM_CHANNEL,
    MAX_BARS_OF_PARTS,
    MAX_PARTS,
    Score,
    too_many_bars,
    too_many_bars_of_parts,
    too_many_parts,
)
from djmodel.inputs.written.sheet import MAX_SEMITONES, PartFacts, Sheet, WrittenBar, WrittenPart
from djmodel.inputs.written.unfolding import played_score
from djmodel.music.pitch import fifths_of, usual_key
from djmodel.music.tune import MAX_BARS
from seqmodel.errors import FileError

_FIELD = re.compile(r"([A-Za-z]):(?![|:\]])(.*)")
_COMMENT = re.compile(r"(?<!\\)%.*")
_MIDI = re.compile(r"(?:%%|I:)\s*MIDI\s+(program|channel|transpose)\s+(?:\d+\s+)?(-?\d{1,3})\s*$")
_OF_ALL_TUNES = ("L:", "M:", "Q:", "%%MIDI")  # fields at the start of a tune book
_MAX_FIELD = 500  # characters that are read


def read_abc(content: bytes, path: Path, deadline: Deadline) -> tuple[Score, ...]:
    """The scores of the tunes in a file; errors name the `path` that it came from.

    Raises FileError if no tune has notes; LimitError if the file is beyond the limits.
    """
    tunes = list(_tunes(_decoded(content)))
    deadline.allow(len(tunes))
    scores = []
    for lines in tunes:
        sheet = _TuneReader(path, deadline).read(lines)
        if any(bar.notes for part in sheet.parts for bar in part.bars):
            scores.append(played_score(sheet, path, deadline))
    if not scores:
        raise FileError("the file has no notes", path=path, hint="choose another file")
    return tuple(scores)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _tunes(text: str) -> Iterator[list[str]]:
    """The lines of each tune, from X: to an empty line; a file without X: is one tune."""
    lines = text.splitlines()
    if not any(line.startswith("X:") for line in lines):
        yield lines
        return
    shared: list[str] = []
    tune: list[str] | None = None
    has_music = is_over = False
    for line in lines:
        if line.startswith("X:"):
            if tune is not None:
                yield tune
            tune, has_music, is_over = list(shared), False, False
        elif tune is None:
            shared += [line] if line.startswith(_OF_ALL_TUNES) else []
        elif line.strip():
            if not is_over:
                tune.append(line)
                has_music |= not _FIELD.match(line)
        else:
            is_over |= has_music
    if tune is not None:
        yield tune


class _TuneReader:
    """Reads the lines of one tune. Its fields hold for voices that begin later."""

    def __init__(self, path: Path, deadline: Deadline) -> None:
        self.path, self.deadline = path, deadline
        self.title = self.composer = self.order = self.tempo = ""
        self.key = KeyField()
        self.in_header, self.key_semitones, self.midi_semitones = True, 0, 0
        self.meter = read_meter("")
        self.unit: Fraction | None = None
        self.program = 0
        self.is_drum_kit = False
        self.properties: dict[str, str] = {}  # of voices, by their ids
        self.voices: dict[str, VoiceReader] = {}
        self.facts: dict[str, PartFacts] = {}
        self.voice_id = ""
        self.sections: list[tuple[str, int]] = []  # letters of parts, and their first bars
        self.continues = False  # the line before ends with a backslash

    def read(self, lines: list[str]) -> Sheet:
        for line in lines:
            self.deadline()
            if midi := _MIDI.match(line):
                self.read_midi(midi[1], int(midi[2]))
                continue
            if line.startswith("%"):
                continue
            line = _COMMENT.sub("", line).rstrip()
            if field := _FIELD.match(line):
                self.read_field(field[1], field[2].strip())
            elif not self.in_header and line:
                self.read_music(line)
        parts = []
        for identity, voice in self.voices.items():
            voice.close_bar()
            if voice.bars and voice.bar.marks is not None:  # signs behind the last bar line
                voice.bars[-1].marked().fine |= voice.bar.marks.fine
            parts.append(WrittenPart(self.facts[identity], self.in_order(voice.bars)))
        return Sheet(self.title, self.composer, parts)

    def in_order(self, bars: list[WrittenBar]) -> list[WrittenBar]:
        """The bars in the order of the parts that the header gives; not many more than MAX_BARS,
        which `played_score` refuses."""
        ends = [*(start for _, start in self.sections[1:]), len(bars)]
        parts = {
            letter: bars[start:end]
            for (letter, start), end in zip(self.sections, ends, strict=False)
        }
        if not self.order or not set(self.order) <= set(parts):
            return bars
        ordered = (bar for letter in self.order for bar in parts[letter])
        return list(islice(ordered, MAX_BARS + 1))

    # --- fields ----------------------------------------------------------------------------------

    def read_field(self, letter: str, text: str) -> None:
        text = text if letter == "w" else text[:_MAX_FIELD]
        if letter == "T" and self.in_header:
            self.title = self.title or plain_text(unescape(text))
        elif letter == "C" and self.in_header:
            self.composer = plain_text(", ".join(filter(None, (self.composer, unescape(text)))))
        elif letter == "V":
            self.read_voice(text)
        elif letter == "P":
            self.read_part(text)
        elif letter == "w" and not self.in_header:
            self.voice.read_lyrics(text)
        elif letter == "K":
            self.read_key(text)
        elif letter == "M":
            self.read_meter(text)
        elif letter == "L":
            self.unit = read_length(text) or self.unit
            if not self.in_header and self.unit:
                self.voice.unit = self.unit
        elif letter == "Q":
            self.read_tempo(text)

    @property
    def voice(self) -> VoiceReader:
        """The voice that is being read."""
        if self.voice_id not in self.voices:
            if len(self.voices) == MAX_PARTS:
                raise too_many_parts(self.path)
            given = self.properties.get(self.voice_id, "")
            properties = read_properties(given)
            own = read_transposition(given)
            semitones = self.midi_semitones + (self.key_semitones if own is None else own)
            voice = VoiceReader(self.key, self.default_unit, self.meter, semitones)
            if not self.voices:
                voice.bar.meter = self.meter
                self.set_tempo(voice, self.tempo)
            voice.bar.key = _signature(self.key, semitones)
            is_kit = self.is_drum_kit or properties.get("clef", "").startswith("perc")
            name = plain_text(properties.get("name") or properties.get("nm") or "")
            self.facts[self.voice_id] = PartFacts(name or self.voice_id, self.program, is_kit)
            self.voices[self.voice_id] = voice
        return self.voices[self.voice_id]

    @property
    def default_unit(self) -> Fraction:
        """The quarter length of a note without a number."""
        is_short = self.meter is not None and self.meter.length < 3
        return self.unit or Fraction(1, 4 if is_short else 2)

    def read_voice(self, text: str) -> None:
        identity, _, properties = text.partition(" ")
        if properties.strip():
            self.properties[identity] = f"{self.properties.get(identity, '')} {properties}"
        if not self.in_header:
            self.voice_id = identity
            if sum(len(voice.bars) for voice in self.voices.values()) > MAX_BARS_OF_PARTS:
                raise too_many_bars_of_parts(self.path)

    def read_part(self, text: str) -> None:
        if self.in_header:
            self.order = read_order(text)
            return
        self.voice.begin_section(text)
        if self.voice is next(iter(self.voices.values())):
            self.sections.append((text[:1], len(self.voice.bars)))

    def read_key(self, text: str) -> None:
        key, semitones = read_key(text), read_transposition(text)
        if self.in_header:
            self.key, self.in_header, self.key_semitones = key, False, semitones or 0
            return
        voice = self.voice
        voice.semitones = voice.semitones if semitones is None else semitones
        voice.key = key
        if voice.bar.key is None:
            voice.bar.key = _signature(key, voice.semitones)

    def read_meter(self, text: str) -> None:
        meter = read_meter(text)
        if self.in_header:
            self.meter = meter
        elif meter is not None:
            self.voice.meter = meter
            if self.voice is next(iter(self.voices.values())):
                self.voice.bar.meter = meter

    def read_tempo(self, text: str) -> None:
        if self.in_header:
            self.tempo = text
        else:
            self.set_tempo(self.voice, text)

    def set_tempo(self, voice: VoiceReader, text: str) -> None:
        if tempo := read_tempo(text, voice.unit):
            voice.bar.tempos.append((round(voice.at), tempo))

    def read_midi(self, name: str, number: int) -> None:
        """Reads a directive for players, such as `%%MIDI program 66`."""
        if name == "program" and 0 <= number <= 127:
            self.program = number
        elif name == "channel":
            self.is_drum_kit = number == DRUM_CHANNEL
        elif name == "transpose" and abs(number) <= MAX_SEMITONES:
            self.midi_semitones = number

    # --- music -----------------------------------------------------------------------------------

    def read_music(self, line: str) -> None:
        if not self.continues:
            self.voice.line = []
        self.continues = line.endswith("\\")
        for token in TOKEN.finditer(line):
            self.deadline()
            if token.lastgroup == "field":
                self.read_field(token["field"][0], token["field"][2:].strip())
                continue
            voice = self.voice
            voice.read_token(token)
            if voice.count > self.deadline.limits.max_notes:
                raise self.deadline.limits.too_many_notes(self.path)
            if len(voice.bars) > MAX_BARS:
                raise too_many_bars(self.path)


def _signature(key: KeyField, semitones: int) -> int | None:
    """The number of sharps or flats of a key as it sounds."""
    if key.signature is None:
        return None
    return usual_key(key.signature + fifths_of(semitones))
