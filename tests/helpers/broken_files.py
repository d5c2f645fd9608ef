"""Broken and hostile files of music, byte by byte."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Iterable
from pathlib import Path

SONG = bytes.fromhex("00904050 604000 00904150 604100 00904350 604300 00904050 604000")
"""Events: E, F, G, E on the first channel, each a quarter note of 96 ticks, without rests."""
END = bytes.fromhex("00FF2F00")


def chunk(kind: bytes, content: bytes, *, size: int | None = None) -> bytes:
    return kind + (len(content) if size is None else size).to_bytes(4, "big") + content


def header(tracks: int = 1, *, kind: int = 1, division: int = 96, size: int = 6) -> bytes:
    content = b"".join(n.to_bytes(2, "big") for n in (kind, tracks, division))
    return chunk(b"MThd", content, size=size)


def track(*events: bytes, size: int | None = None) -> bytes:
    return chunk(b"MTrk", b"".join(events) + END, size=size)


def song(*before: bytes) -> bytes:
    """A whole file with one melody, and other events before it."""
    return header() + track(*before, SONG)


def number(value: int) -> bytes:
    """A number in seven bits per byte, all but the last marked."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def meta(kind: int, content: bytes) -> bytes:
    return b"\x00\xff" + bytes([kind]) + number(len(content)) + content


def simultaneous_notes(notes: int) -> bytes:
    """A file with `notes` simultaneous notes."""
    keys = [bytes([n % 127]) for n in range(notes)]
    begin = b"\x00\x90" + b"\x00".join(key + b"\x50" for key in keys)
    end = b"\x60" + b"\x00".join(key + b"\x00" for key in keys)
    return header() + track(begin, end)


def many_tracks(count: int, content: bytes) -> bytes:
    return header(count) + track(content) * count


TUNES = {
    "header of eight bytes": header(size=8) + b"\x00\x00" + track(SONG),
    "SMPTE time": header(division=0xE708) + track(SONG),
    "note-offs without note-ons": song(bytes.fromhex("00803C40") * 50),
    "note-ons without note-offs": song(bytes.fromhex("00903C40") * 50),
    "tempo 0": song(meta(0x51, b"\x00\x00\x00")),
    "tempo of one microsecond": song(meta(0x51, b"\x00\x00\x01")),
    "tempo without data": song(meta(0x51, b"")),
    "meter 0/4": song(meta(0x58, b"\x00\x02\x18\x08")),
    "meter 1/256": song(meta(0x58, b"\x01\x08\x18\x08")),
    "meter 4/2^255": song(meta(0x58, b"\x04\xff\x18\x08")),
    "meter 1/64": song(meta(0x58, b"\x01\x06\x18\x08")),
    "meter 255/1": song(meta(0x58, b"\xff\x00\x18\x08")),
    "meter cut off": song(meta(0x58, b"\x04")),
    "key of 100 flats": song(meta(0x59, b"\x9c\x00")),
    "names of arbitrary bytes": song(*(meta(kind, bytes(range(256))) for kind in range(1, 16))),
    "name with terminal control sequences": song(meta(3, b"\x1b[2J\x1b]0;gone\x07\r\n[red]")),
    "name of a megabyte": song(meta(3, b"x" * (1 << 20))),
    "system messages": song(b"\x00\xf8\x00\xfe\x00\xf0\x03abc\x00\xf7\x01a"),
    "garbage after the last track": song() + b"\x00\xff" * 1000,
    "a chunk of another kind": header() + chunk(b"JUNK", b"MTrk" * 9) + track(SONG),
    "65,535 tracks, few with notes": header(65535) + track() * 65533 + track(SONG) * 2,
}  # fmt: skip

REFUSED = {
    "empty file": (b"", "the file is empty"),
    "zeros": (bytes(1000), "does not begin like a MIDI file"),
    "plain text": (b"These are words.", "does not begin like a MIDI file"),
    "header alone": (header(0), "no notes"),
    "header cut off": (header()[:10], "cut off in its header"),
    "header of no bytes": (header(size=0) + track(SONG), "cut off after 0 of 1"),
    "header of 4 GB": (header(size=0xFFFFFFFF) + track(SONG), "cut off after 0 of 1"),
    "format 2": (header(kind=2) + track(SONG), "format 2"),
    "division 0": (header(division=0) + track(SONG), "0 ticks per quarter note"),
    "SMPTE time of zero ticks": (header(division=0xE700) + track(SONG), "0 ticks per quarter note"),
    "one of 65,535 declared tracks": (header(65535) + track(SONG), "after 1 of 65535"),
    "65,535 tracks with notes": (many_tracks(65535, SONG), "more than 200,000 notes"),
    "2,000 tracks with notes": (many_tracks(2000, SONG), "2,000 parts, more than 512"),
    "track of 4 GB": (header() + track(SONG, size=0xFFFFFFFF), "cut off in track 1"),
    "track cut off": (song()[:-7], "cut off in track 1"),
    "running status at the start": (header() + track(b"\x00\x3c\x50"), "where an event should"),
    "endless variable-length number": (song(b"\xff" * 100_000), "a number of more than"),
    "event cut off": (header() + chunk(b"MTrk", b"\x00\x90\x3c"), "an event cut off"),
    "text longer than its track": (song(b"\x00\xff\x01\xff\x7f"), "an event cut off"),
    "no note ends": (header() + track(b"\x00\x90\x3c\x50" * 9), "no note that ends"),
    "drums only": (header() + track(SONG.replace(b"\x90", b"\x99")), "drums only"),
    "one note": (header() + track(SONG[:7]), "one note"),
    "enormous times": (song(b"\x8f\xff\xff\x7f\x90\x3c\x50\x8f\xff\xff\x7f\x3c\x00"), "more than 10,000 bars"),
    "negative times": (song(b"\xff\xff\xff\xff\x7f\x90\x3c\x50\x60\x3c\x00"), "more than 10,000 bars"),
    "a million notes at once": (simultaneous_notes(1_000_000), "more than 200,000 notes"),
    "a million changes of tempo": (song(meta(0x51, b"\x07\xa1\x20") * 1_000_000), "more than 200,000 notes"),
    "100 notes of 9,000 bars": (
        header(division=1)
        + track(
            *(b"\x00\x90" + bytes([pitch, 80]) for pitch in range(20, 120)),
            number(36_000) + b"\x80\x14\x40",
            *(b"\x00" + bytes([pitch, 64]) for pitch in range(21, 120)),
        ),
        "3,600,000 quarter notes together",
    ),
}  # fmt: skip

XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
NOTE = "<note><pitch><step>{}</step><octave>5</octave></pitch><duration>{}</duration></note>"


def music_xml(notes: Iterable[tuple[str, int | str]], doctype: str = "", more: str = "") -> str:
    """A score of one part with a bar for each note."""
    bars = "".join(
        f'<measure number="{number}"><attributes><divisions>1</divisions></attributes>'
        f"{NOTE.format(*note)}{more}</measure>"
        for number, note in enumerate(notes, start=1)
    )
    parts = '<part-list><score-part id="P1"><part-name>Voice</part-name></score-part></part-list>'
    score = f'<score-partwise version="3.1">{parts}<part id="P1">{bars}</part></score-partwise>'
    return XML_HEAD + doctype + score


SCALE = [("C", 4), ("D", 4), ("E", 4), ("F", 4)]
# A meter that begins inside a bar, which the project's own reader leaves to music21.
METER_CHANGE = "<attributes><time><beats>3</beats><beat-type>4</beat-type></time></attributes>"
LAUGHS = "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "ha">' for n in range(10)
)

SHEETS_REFUSED = {
    "laughs.xml": (
        music_xml(SCALE, f"<!DOCTYPE score-partwise [{LAUGHS}]>", "<words>&l9;</words>"),
        "defines entities",
    ),
    "secrets.musicxml": (
        music_xml(SCALE, '<!DOCTYPE x [<!ENTITY s SYSTEM "file:///etc/passwd">]>', "&s;"),
        "defines entities",
    ),
    "open.xml": (music_xml(SCALE)[:-20], "not well-formed"),
    "deep.xml": (XML_HEAD + "<a>" * 100_000 + "</a>" * 100_000, "not a MusicXML score"),
    "wide.musicxml": (music_xml(SCALE, more="<a/>" * 1_100_000), "an element of the MusicXML text is larger than 4 MB"),
    "timeless.musicxml": (music_xml([("C", 0), ("D", "?")]), "no notes"),
    "endless.xml": (music_xml([("C", 4), ("D", 20_000)]), "bar 2 lasts 20,000 quarter notes"),
    "other.mxl": (XML_HEAD + "<opus/>", "not a MusicXML score"),
    "bytes.musicxml": (music_xml(SCALE, more="\x00\x01"), "not well-formed"),
    "other.xml": (XML_HEAD + "<html/>", "its root element is `html`"),
    "words.mxl": ("no archive", "not well-formed"),
    "words.abc": ("no music at all", "no notes"),
    "empty.krn": ("**kern\n*-\n", "no notes"),
}  # fmt: skip

ODD_SHEETS = {
    "deep.musicxml": music_xml(SCALE, more="<a>" * 100_000 + "</a>" * 100_000),
    "nested.musicxml": music_xml(SCALE, more="<measure><part/></measure>" * 9),
    "divisions.xml": music_xml(SCALE).replace("<divisions>1", "<divisions>0"),
    "negative.xml": music_xml([("C", -4), ("D", 4), ("E", 4)]),
    "words.xml": music_xml([("C", "long"), ("D", 4)]),
    "height.xml": music_xml(SCALE).replace("<octave>5", "<octave>500"),
    "sharps.xml": music_xml(SCALE).replace(
        "</divisions>", "</divisions><key><fifths>200</fifths></key>"
    ),
    "tempo.xml": music_xml(SCALE, more='<direction><sound tempo="nan"/></direction>'),
    "still.xml": music_xml(SCALE, more='<direction><sound tempo="-1e-300"/></direction>'),
    "meter.xml": music_xml(SCALE).replace(
        "</divisions>", "</divisions><time><beats>300</beats><beat-type>4</beat-type></time>"
    ),
    "bar.krn": "**kern\n*M4/4\n=1\n" + "4c\n4d\n4e\n" * 90 + "=2\n4f\n*-\n",
    "meter.abc": "X:1\nM:0/4\nL:1/4\nK:C\nCDEF|GABc|\n",
    "tiny.abc": "X:1\nM:1/256\nL:1/4\nK:C\nCDEF|GABc|\n",
    "unit.abc": "X:1\nM:4/4\nL:1/0\nK:C\nCDEF|GABc|\n",
    "long.abc": "X:1\nM:4/4\nL:1/4\nK:C\nC99999999 D/0 E/99999999 F|\n",
    "open.abc": 'X:1\nM:4/4\nL:1/4\nK:C\n"Dm7 [CEG (3 {a | |: :| [1 [2 \n',
    "repeats.abc": "X:1\nM:4/4\nL:1/4\nK:C\n" + "|: " * 2000 + "CDEF" + " :|" * 2000 + "\n",
    "key.abc": "X:1\nM:4/4\nL:1/4\nK:H##\nCDEF|\n",
    "torn.krn": "**kern\t**kern\n4c\n*^\n4d\t4e\t4f\n",
    "zero.krn": "**kern\n*M0/4\n=1\n0c\n4d\n00e\n=2\n4444f\n*-\n",
}  # fmt: skip


def zip_bomb(path: Path, megabytes: int) -> Path:
    """An archive of a few kilobytes that unpacks to `megabytes`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("score.xml", b" " * (megabytes << 20))
    return path


def archive_of_wrong_size(path: Path) -> Path:
    """An archive whose directory declares a score of one byte."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("score.xml", music_xml(SCALE))
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = (1).to_bytes(4, "little")
    path.write_bytes(content)
    return path


# ---------------------------------------------------------------------------------------------
# Mutations
# ---------------------------------------------------------------------------------------------

SHEETS = {
    ".musicxml": music_xml([*SCALE, ("G", 2), ("A", 1)]),
    ".abc": 'X:1\nM:3/4\nL:1/4\nK:G\nD | "G" G A B | "Am7" c2 A- | "D7/F#" A F D | G3 |]\n',
    ".krn": "**kern\t**kern\n*M4/4\t*M4/4\n=1\t=1\n2C\t4g\n.\t4e\n2G\t2d\n==\t==\n*-\t*-\n",
}  # fmt: skip
_SPECIAL_BYTES = (0x00, 0x01, 0x7F, 0x80, 0x90, 0xF0, 0xFE, 0xFF)


def damaged(content: bytes, choose: random.Random) -> bytes:
    """`content` after one to ten mutations: bytes changed, lost, doubled, moved, or cut off."""
    data = bytearray(content)
    for _ in range(choose.randint(1, 10)):
        if not data:
            break
        at = choose.randrange(len(data))
        length = min(choose.choice((1, 1, 2, 4, 4, 16, 200)), len(data) - at)
        piece = data[at : at + length]
        mutation = choose.randrange(8)
        if mutation == 0:
            data[at] = choose.choice(_SPECIAL_BYTES)
        elif mutation == 1:
            data[at] = choose.randrange(256)
        elif mutation == 2:
            data[at] ^= 1 << choose.randrange(8)
        elif mutation == 3:
            data[at : at + length] = choose.randbytes(length)
        elif mutation == 4:
            del data[at : at + length]
        elif mutation == 5:
            data[at:at] = piece * choose.choice((1, 1, 3, 100))
        elif mutation == 6:
            elsewhere = choose.randrange(len(data))
            data[elsewhere : elsewhere + length] = piece
        elif choose.random() < 0.2:
            del data[at:]
    return bytes(data)


def damaged_events(content: bytes, choose: random.Random) -> bytes:
    """A MIDI file after mutations of the events of one track, whose length is corrected, so that
    the damage is beyond the first check."""
    starts = [at for at in range(len(content)) if content.startswith(b"MTrk", at)]
    if not starts:
        return damaged(content, choose)
    at = choose.choice(starts)
    end = at + 8 + int.from_bytes(content[at + 4 : at + 8], "big")
    events = damaged(content[at + 8 : end], choose)
    return content[:at] + chunk(b"MTrk", events) + content[end:]
