"""SoundFonts: SF2 files, and SF3 files, which hold their samples as Ogg Vorbis.

The synthesiser reads SF2. Of an SF3 file only the samples of the programs that are played are
decoded. Sources: SoundFont Technical Specification 2.04 (Creative, 2006), sections 5 to 7; SF3 as
MuseScore writes it: `start` and `end` of a sample count bytes, its loop counts from its start.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

DRUM_BANK = 128
VORBIS = 0x10  # a flag of a sample's kind
INSTRUMENT, SAMPLE = 41, 53  # generators that name an instrument, a sample
_PAUSE = np.zeros(46, "<i2")  # after each sample, as the specification demands

_BAG = [("generators", "<u2"), ("modulators", "<u2")]
_GENERATOR = [("kind", "<u2"), ("amount", "<u2")]
_MODULATOR = [("bytes", "V10")]
# The tables of a file, in their order. The last row of each only ends the one before.
TABLES = {
    "phdr": [("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("more", "V12")],
    "pbag": _BAG,
    "pmod": _MODULATOR,
    "pgen": _GENERATOR,
    "inst": [("name", "S20"), ("bag", "<u2")],
    "ibag": _BAG,
    "imod": _MODULATOR,
    "igen": _GENERATOR,
    "shdr": [
        ("name", "S20"), ("start", "<u4"), ("end", "<u4"), ("loop_start", "<u4"),
        ("loop_end", "<u4"), ("rate", "<u4"), ("pitch", "<u2"), ("link", "<u2"), ("kind", "<u2"),
    ],
}  # fmt: skip


@dataclass(frozen=True)
class SoundFont:
    """A SoundFont in memory: `info` and `samples` as they are in the file, and its `tables`."""

    info: bytes
    samples: bytes = field(repr=False)
    tables: Mapping[str, NDArray[Any]] = field(repr=False)

    @classmethod
    def read(cls, content: bytes) -> SoundFont:
        """Raises ValueError or KeyError for something else."""
        if content[:4] != b"RIFF" or content[8:12] != b"sfbk":
            raise ValueError("it does not begin like a SoundFont")
        lists = {content[at : at + 4]: (at + 4, end) for _, at, end in _chunks(content, 12)}
        parts = {
            name.decode("latin-1"): content[at:end]
            for kind in (b"sdta", b"pdta")
            for name, at, end in _chunks(content[: lists[kind][1]], lists[kind][0])
        }
        tables = {name: np.frombuffer(parts[name], row) for name, row in TABLES.items()}
        return cls(content[slice(*lists[b"INFO"])], parts["smpl"], tables)

    def content(self) -> bytes:
        """The file."""
        tables = b"".join(_chunk(name, self.tables[name].tobytes()) for name in TABLES)
        samples = _chunk("smpl", self.samples)
        parts = (b"INFO" + self.info, b"sdta" + samples, b"pdta" + tables)
        return _chunk("RIFF", b"sfbk" + b"".join(_chunk("LIST", part) for part in parts))

    def used(self, programs: Collection[int], kits: Collection[int]) -> set[int]:
        """The samples of these programs, in any bank, and of these drum kits."""
        presets = [
            number
            for number, row in enumerate(self.tables["phdr"][:-1])
            if row["program"] in (kits if row["bank"] == DRUM_BANK else programs)
        ]
        instruments = {n for each in presets for n in self.named("p", each)}
        return {n for each in instruments for n in self.named("i", each)}

    def named(self, kind: str, number: int) -> list[int]:
        """The instruments that a preset ("p") names, or the samples that an instrument ("i") does,
        zone by zone."""
        owner, target = ("phdr", INSTRUMENT) if kind == "p" else ("inst", SAMPLE)
        first, last = self.tables[owner]["bag"][number : number + 2]
        bags = self.tables[f"{kind}bag"]["generators"]
        rows = self.tables[f"{kind}gen"][bags[first] : bags[last]]
        return [int(row["amount"]) for row in rows if row["kind"] == target]


def as_sf2(content: bytes, programs: Collection[int], kits: Collection[int]) -> bytes:
    """A SoundFont as SF2; of an SF3 file only `programs` and drum `kits` sound. Raises ValueError,
    KeyError, IndexError or RuntimeError for a damaged file."""
    font = SoundFont.read(content)
    headers = font.tables["shdr"].copy()
    if not (headers["kind"] & VORBIS).any():
        return content
    used, pieces, at = font.used(programs, kits), [_PAUSE, _PAUSE], 2 * len(_PAUSE)
    for number, row in enumerate(headers[:-1]):
        if number not in used:
            row["start"], row["end"], row["loop_start"], row["loop_end"] = 0, 46, 8, 38
        elif row["kind"] & VORBIS:
            piece = _decoded(font.samples[row["start"] : row["end"]])
            pieces += [piece, _PAUSE]
            row["start"], row["end"] = at, at + len(piece)
            row["loop_start"] += at
            row["loop_end"] += at
            at += len(piece) + len(_PAUSE)
        else:
            raise ValueError("some samples are compressed and others are not")
    headers["kind"] &= ~np.uint16(VORBIS)
    samples = np.concatenate(pieces).tobytes()
    return SoundFont(font.info, samples, {**font.tables, "shdr": headers}).content()


def _decoded(vorbis: bytes) -> NDArray[np.int16]:
    """The frames of a sample."""
    import soundfile

    try:
        frames, _ = soundfile.read(io.BytesIO(vorbis), dtype="int16", always_2d=True)
    except soundfile.SoundFileError as error:
        raise ValueError("a sample is not Ogg Vorbis") from error
    return np.ascontiguousarray(frames[:, 0]).astype("<i2")


def _chunks(content: bytes, at: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of the content of each RIFF chunk from `at` on."""
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        yield name, at + 8, at + 8 + size
        at += 8 + size
        at += size & 1 and content[at : at + 1] == b"\0"  # some writers leave the padding out


def _chunk(name: str, content: bytes) -> bytes:
    return struct.pack("<4sI", name.encode(), len(content)) + content + bytes(len(content) & 1)
