"""Cases of the solo database: `wjazzd.db` and its tables, accepted first, then mutated."""

from __future__ import annotations

import gzip
import random
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

from helpers import solo_databases as sd

from fuzzing.mutations import mutated_bytes

TABLES = ("solos.csv", "beats.csv", "notes.csv")
_BETWEEN = b"\f"  # between the tables of a case
_CELLS = (None, "", "x" * 300, "nan", "1/0", "\x1b[2J", b"\xff\x00", 0, -1, 1, 2**31, 2**62, 0.5,
          1e308, -1e308, 5e-324, "C7", "NC", "Qm7", "4/4", "0/4", "99999/1", "PHRASE")  # fmt: skip
_QUERIES = (
    "DROP TABLE {table}",
    "DELETE FROM {table}",
    "ALTER TABLE {table} RENAME COLUMN melid TO solo",
    "ALTER TABLE {table} ADD COLUMN more TEXT DEFAULT 'x'",
    "INSERT INTO {table} SELECT * FROM {table} WHERE rowid < 3 AND typeof(rowid) = 'text'",
    "ALTER TABLE {table} RENAME TO old_{table}; CREATE VIEW {table} AS SELECT * FROM old_{table}",
    "CREATE TRIGGER t AFTER UPDATE ON {table} BEGIN DELETE FROM beats; END",
    "UPDATE {table} SET melid = melid + 1",
    "PRAGMA user_version = 9; PRAGMA application_id = 7; VACUUM",
)
WORDS = (",", "\n", '"', "\r", "-1", "nan", "inf", "1e308", "5e-324", "0", "99999999999999999999",
         "melid", "C7", "NC", "Qm7", "4/4", "0/4", "\f", "\x00")  # fmt: skip


def _solos() -> list[sd.Solo]:
    chords = sd.beats("C7 . . . F7 . . . C7 . G7 . C7 . . .")
    line = [(60 + n, (1 + n // 4, 1 + n % 4, 1, 2), 0.5) for n in range(16)]
    return [
        sd.solo(chords, line, phrases=(0, 8)),
        sd.solo(chords, line[::2], name="MilesDavis_Blues", performer="Miles Davis"),
    ]


@cache
def databases() -> list[bytes]:
    path = sd.write_database(Path("wjazzd.db").absolute(), _solos())
    content = path.read_bytes()
    path.unlink()
    return [content]


def mutated_rows(content: bytes, rng: random.Random) -> bytes:
    """A whole database with one to four cells, rows or tables changed; sometimes damaged, too."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        database.deserialize(content)
        for _ in range(rng.randint(1, 4)):
            _change(database, rng)
        content = database.serialize()
    return mutated_bytes(content, rng) if rng.random() < 0.1 else content


def _change(database: sqlite3.Connection, rng: random.Random) -> None:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    table = rng.choice(sorted(name for (name,) in database.execute(query)))
    try:
        if rng.random() < 0.15:
            database.executescript(rng.choice(_QUERIES).format(table=table))
            return
        column = rng.choice([row[1] for row in database.execute(f"PRAGMA table_info({table})")])
        rows = [row for (row,) in database.execute(f"SELECT rowid FROM {table}")]
        every = rng.random() < 0.2
        chosen = "" if every or not rows else f" WHERE rowid = {rng.choice(rows)}"
        database.execute(f"UPDATE {table} SET {column} = ?{chosen}", [rng.choice(_CELLS)])
    except sqlite3.Error:
        pass  # a change that SQLite does not make


@cache
def tables() -> list[bytes]:
    folder = sd.write_tables(Path("tables").absolute(), _solos())
    return [_BETWEEN.join(_unpacked(folder, name) for name in TABLES)]


def _unpacked(folder: Path, name: str) -> bytes:
    packed = folder / f"{name}.gz"
    return gzip.decompress(packed.read_bytes()) if packed.exists() else (folder / name).read_bytes()


def write_tables(content: bytes, folder: Path) -> Path:
    """The tables of a case, packed as the reader expects them."""
    parts = [*content.split(_BETWEEN), b"", b"", b""]
    for name, part in zip(TABLES, parts, strict=False):
        if name == "solos.csv":
            (folder / name).write_bytes(part)
        else:
            (folder / f"{name}.gz").write_bytes(gzip.compress(part, 1))
    return folder
