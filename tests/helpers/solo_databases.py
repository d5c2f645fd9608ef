"""Solos in the forms of the Weimar Jazz Database: written out by hand, as tables, as SQLite."""

from __future__ import annotations

import csv
import gzip
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import cache
from itertools import pairwise
from pathlib import Path

from djmodel.inputs.limits import DEFAULT, Deadline
from djmodel.inputs.wjazzd.records import BeatRow, NoteRow, Solo, SoloInfo
from djmodel.inputs.wjazzd.solos import bundled_file, stored_solos

BEAT_SECONDS = 0.3

# The tables that a reader needs, and one that it does not, as the database declares them.
SCHEMA = """
CREATE TABLE melody(eventid INTEGER PRIMARY KEY AUTOINCREMENT, melid INTEGER, onset REAL,
  pitch REAL, duration REAL, period INTEGER, division INTEGER, bar INTEGER, beat INTEGER,
  tatum INTEGER, subtatum INTEGER, num INTEGER, denom INTEGER, beatprops TEXT, beatdur REAL,
  tatumprops TEXT, f0_mod TEXT, loud_max REAL, loud_med REAL, loud_sd REAL, loud_relpos REAL,
  loud_cent REAL, loud_s2b REAL, f0_range REAL, f0_freq_hz REAL, f0_med_dev REAL);
CREATE TABLE beats(beatid INTEGER PRIMARY KEY AUTOINCREMENT, melid INTEGER, onset REAL, bar INTEGER,
  beat INTEGER, signature TEXT, chord TEXT, form TEXT, bass_pitch INTEGER, chorus_id INTEGER);
CREATE TABLE sections(melid INTEGER, type TEXT, start INTEGER, end INTEGER, value TEXT);
CREATE TABLE melody_type(melid INTEGER, type TEXT);
CREATE TABLE transcription_info(melid INTEGER, filename_sv TEXT, filename_solo TEXT, solotime TEXT,
  solostart_sec FLOAT, status TEXT, trackid INTEGER);
CREATE TABLE solo_info(melid INTEGER, trackid INTEGER, compid INTEGER, recordid INTEGER,
  performer TEXT, title TEXT, titleaddon TEXT, solopart INTEGER, instrument TEXT, style TEXT,
  avgtempo FLOAT, tempoclass TEXT, rhythmfeel TEXT, key TEXT, signature TEXT, chord_changes TEXT,
  chorus_count INTEGER);
CREATE TABLE db_info(name TEXT, creator TEXT, major INTEGER, minor INTEGER, release TEXT,
  created TEXT, license TEXT, status TEXT);
"""

_COLUMNS = {
    "solos": "melid id performer title instrument style avgtempo rhythmfeel key",
    "beats": "melid bar beat signature chord form chorus_id",
    "notes": "melid phrase_begin bar beat tatum division pitch duration beat_duration loudness",
}

Place = tuple[int, int, int, int]
"""Bar, beat, tatum and division."""


def info(name: str = "LesterYoung_Blues", **facts: object) -> SoloInfo:
    """A blues by Lester Young, or what `facts` say."""
    fields = {
        "id": name,
        "performer": "Lester Young",
        "title": "Blues",
        "instrument": "ts",
        "style": "SWING",
        "tempo": 120.0,
        "feel": "SWING",
        "key": "C-maj",
        **facts,
    }
    return SoloInfo(**fields)  # type: ignore[arg-type]


def beats(
    chords: str,
    *,
    first: tuple[int, int] = (1, 1),
    signature: str = "4/4",
    form: str = "A1",
    chorus: int = 1,
) -> list[BeatRow]:
    """Beats from bar and beat `first` on, each with a chord of the text, `.` for the same one."""
    bar, beat = first
    rows = []
    held = "NC"
    for symbol in chords.split():
        held = held if symbol == "." else symbol
        chorus_of_bar = chorus if bar >= 1 else 0
        rows.append(BeatRow(bar, beat, signature, held, form if bar >= 1 else "I1", chorus_of_bar))
        bar, beat = (bar, beat + 1) if beat < int(signature.split("/")[0]) else (bar + 1, 1)
    return rows


def solo(
    beat_rows: Sequence[BeatRow],
    notes: Iterable[tuple[int, Place, float]],
    *,
    phrases: Sequence[int] = (0,),
    loudness: Sequence[int | None] | None = None,
    **facts: object,
) -> Solo:
    """A solo of notes: pitch, place, and how many beats it sounds. `loudness` in tenths of dB."""
    index = {(row.bar, row.beat): number for number, row in enumerate(beat_rows)}
    rows = [
        NoteRow(index[bar, beat], tatum, division, pitch, round(sounding * 100), None)
        for pitch, (bar, beat, tatum, division), sounding in notes
    ]
    if loudness is not None:
        rows = [row._replace(loudness=one) for row, one in zip(rows, loudness, strict=True)]
    return Solo(info(**facts), list(beat_rows), rows, list(phrases))  # type: ignore[arg-type]


def some_solos(*names: str) -> list[Solo]:
    """Bundled solos by name; without names all of them."""
    solos = _bundled()
    return [solos[name] for name in names or solos]


@cache
def _bundled() -> dict[str, Solo]:
    path = bundled_file()
    stored = stored_solos(path, Deadline(DEFAULT, path))
    return {one.info.id: one for one in stored if isinstance(one, Solo)}


def write_tables(folder: Path, solos: Sequence[Solo]) -> Path:
    """The solos as solos.csv, notes.csv.gz and beats.csv.gz, with the columns that readers use."""
    folder.mkdir(parents=True, exist_ok=True)
    infos, notes, beat_rows = [], [], []
    for melid, one in enumerate(solos, start=1):
        infos.append([melid, *one.info])
        beat_rows += [[melid, *row] for row in one.beats]
        for number, note in enumerate(one.notes):
            row = one.beats[note.beat]
            notes.append([
                *(melid, int(number in one.phrases), row.bar, row.beat, note.tatum, note.division),
                *(note.pitch, *_measured(note)),
            ])  # fmt: skip
    with (folder / "solos.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([_COLUMNS["solos"].split(), *infos])
    tables = {"beats": beat_rows, "notes": notes}
    for name, rows in tables.items():
        with gzip.open(folder / f"{name}.csv.gz", "wt", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([_COLUMNS[name].split(), *rows])
    return folder


def write_database(path: Path, solos: Sequence[Solo], schema: str = SCHEMA) -> Path:
    """The solos as the SQLite file of the database."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(schema)
        for melid, one in enumerate(solos, start=1):
            insert_solo(database, melid, one)
    return path


def insert_solo(database: sqlite3.Connection, melid: int, solo: Solo) -> None:
    name, performer, title, instrument, style, tempo, feel, key = solo.info
    database.execute(
        "INSERT INTO solo_info(melid, performer, title, titleaddon, solopart, instrument, style, "
        "avgtempo, rhythmfeel, key) VALUES (?, ?, ?, '', 1, ?, ?, ?, ?, ?)",
        [melid, performer, title, instrument, style, tempo, feel, key],
    )
    database.execute(
        "INSERT INTO transcription_info(melid, filename_sv, status) VALUES (?, ?, 'FINAL')",
        [melid, f"{name}_FINAL.sv"],
    )
    held = [None, None, None]
    for row in solo.beats:
        # signature, chord and form stand only where they change
        now = [row.signature, row.chord, row.form]
        changed = [new if new != old else "" for new, old in zip(now, held, strict=True)]
        held = now  # type: ignore[assignment]
        database.execute(
            "INSERT INTO beats(melid, bar, beat, signature, chord, form, chorus_id) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [melid, row.bar, row.beat, *changed, row.chorus],
        )
    for note in solo.notes:
        row = solo.beats[note.beat]
        database.execute(
            "INSERT INTO melody(melid, bar, beat, tatum, division, pitch, duration, beatdur, "
            "loud_med) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [melid, row.bar, row.beat, note.tatum, note.division, note.pitch, *_measured(note)],
        )
    ends = [*solo.phrases[1:], len(solo.notes)]
    for start, end in zip(solo.phrases, ends, strict=True):
        database.execute(
            "INSERT INTO sections VALUES (?, 'PHRASE', ?, ?, '')", [melid, start, end - 1]
        )
    for start, end in pairwise([0, len(solo.notes)]):
        database.execute(
            "INSERT INTO sections VALUES (?, 'CHORUS', ?, ?, '1')", [melid, start, end - 1]
        )


def _measured(note: NoteRow) -> tuple[float, float, float | None]:
    """Duration and beat in seconds, and loudness in decibels."""
    loudness = None if note.loudness is None else note.loudness / 10
    return note.sounding * BEAT_SECONDS / 100, BEAT_SECONDS, loudness
