"""Databases of solos that are damaged, hostile or something else: each is refused in one line."""

from __future__ import annotations

import gzip
import random
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from helpers.solo_databases import (
    beats,
    insert_solo,
    solo,
    some_solos,
    write_database,
    write_tables,
)

from djmodel.inputs.limits import Deadline, LimitError, Limits
from djmodel.inputs.reader import read_tunes
from djmodel.inputs.wjazzd.bundle import write_bundle
from djmodel.inputs.wjazzd.solo_filter import SoloFilter
from djmodel.inputs.wjazzd.solos import SoloResult, read_solos
from seqmodel.errors import CorpusError, FileError, InputError

ONE = solo(beats("C . . . F . . ."), [(60 + n, (1, 1 + n, 1, 1), 1.0) for n in range(4)])


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return write_database(tmp_path / "wjazzd.db", [ONE])


def changed(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    return path


def read_or_refuse(path: Path) -> list[SoloResult] | str:
    """The solos, or the error in one line; any other exception fails."""
    try:
        return read_solos(path)
    except InputError as error:
        text = str(error)
    assert "\n" not in text
    return text


def refusal(path: Path, limits: Limits | None = None) -> str:
    """The error, in one line."""
    with pytest.raises(InputError) as caught:
        read_solos(path, deadline=Deadline(limits or Limits(), path))
    assert "\n" not in str(caught.value)
    assert "Traceback" not in str(caught.value)
    return str(caught.value)


# --- SQLite --------------------------------------------------------------------------------------


def test_a_database_with_other_tables(tmp_path: Path) -> None:
    path = changed(tmp_path / "songs.db", "CREATE TABLE songs(title TEXT)")
    assert "the database has no table solo_info" in refusal(path)


def test_a_table_without_a_column(database: Path) -> None:
    changed(database, "ALTER TABLE melody RENAME COLUMN division TO parts")
    assert "the table melody has no column division" in refusal(database)


def test_a_view_in_the_place_of_a_table_is_not_computed(database: Path) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
    changed(database, "DROP TABLE beats", f"CREATE VIEW beats AS {endless}")
    assert "no table beats" in refusal(database)


@pytest.mark.parametrize("content", [b"MThd not a database", b"SQLite format 3\0", b"\0" * 5000])
def test_a_file_that_is_not_a_database(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "wjazzd.db"
    path.write_bytes(content)
    assert refusal(path).startswith(f"{path}: ")


def test_an_empty_file_and_a_missing_one(tmp_path: Path) -> None:
    path = tmp_path / "wjazzd.db"
    assert "there is no such file" in refusal(path)
    path.touch()
    assert "the file is empty" in refusal(path)


def test_a_truncated_database_is_refused(tmp_path: Path) -> None:
    path = write_database(tmp_path / "wjazzd.db", some_solos("MilesDavis_SoWhat"))
    content = path.read_bytes()
    for twentieth in range(1, 20):
        path.write_bytes(content[: len(content) * twentieth // 20])
        assert "the database is cut off" in refusal(path)


def test_random_damage_is_refused_or_read(tmp_path: Path) -> None:
    path = write_database(tmp_path / "wjazzd.db", [ONE])
    content = path.read_bytes()
    for seed in range(60):
        rng = random.Random(seed)
        damaged = bytearray(content)
        for _ in range(rng.choice([1, 10, 1000])):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path.write_bytes(damaged)
        assert read_or_refuse(path) is not None


def test_a_database_that_another_program_writes(database: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "another program is writing the database" in refusal(database)
    assert read_solos(database)


def test_a_database_is_not_changed_by_reading(database: Path) -> None:
    content = database.read_bytes()
    database.chmod(0o400)
    read_solos(database)
    assert database.read_bytes() == content
    assert [file.name for file in database.parent.iterdir()] == [database.name]


def test_a_database_without_solos(tmp_path: Path) -> None:
    path = write_database(tmp_path / "wjazzd.db", [])
    assert "the database has no solos" in refusal(path)


def test_a_solo_with_more_notes_than_the_limit(database: Path) -> None:
    assert "more than 3 notes" in refusal(database, Limits(max_notes=3))


def test_a_database_larger_than_the_limit(database: Path) -> None:
    with database.open("ab") as stream:
        stream.truncate(2 << 20)
    assert "larger than 1 MB" in refusal(database, Limits(max_file_megabytes=1))


def test_the_time_is_over_while_the_database_is_read(database: Path) -> None:
    times = iter([0.0, *(99.0 for _ in range(1000))])
    deadline = Deadline(Limits(max_seconds=1), database, clock=lambda: next(times))
    with pytest.raises(LimitError, match="more than 1 s"):
        read_solos(database, deadline=deadline)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE melody SET pitch = 'high'", "notes"),
        ("UPDATE melody SET pitch = 60.5", "multiple of 1"),
        ("UPDATE melody SET pitch = 1e300", "notes"),
        ("UPDATE melody SET division = 0", "notes"),
        ("UPDATE melody SET division = 1000000000", "notes"),
        ("UPDATE melody SET tatum = 7", "tatum 7 of 1"),
        ("UPDATE melody SET bar = NULL", "notes"),
        ("UPDATE melody SET beatdur = 0", "notes"),
        ("UPDATE melody SET duration = -1", "notes"),
        ("UPDATE melody SET duration = 9e999", "notes"),
        ("UPDATE melody SET loud_med = x'00ff'", "notes"),
        ("UPDATE melody SET bar = 77", "beat 1 of bar 77"),
        ("DELETE FROM melody", "the solo has no notes"),
        ("DELETE FROM beats", "beat 1 of bar 1"),
        ("DELETE FROM beats WHERE beat = 3", "beat 3 of bar 1"),
        ("UPDATE beats SET bar = 1", "follows"),
        ("UPDATE beats SET signature = 'x' WHERE beatid = 1", "x"),
        ("UPDATE beats SET signature = '999999999/4' WHERE beatid = 1", "999999999"),
        ("UPDATE beats SET chord = 'Hm' WHERE beatid = 1", "Hm"),
        ("UPDATE beats SET chord = printf('%.*c', 300, 'C') WHERE beatid = 1", "beats"),
        ("UPDATE sections SET start = 99 WHERE type = 'PHRASE'", "phrases"),
        ("INSERT INTO sections VALUES (1, 'PHRASE', 0, 1, '')", "phrases"),
    ],
)
def test_a_solo_with_damaged_rows_is_refused_and_the_others_are_read(
    statement: str, reason: str, tmp_path: Path
) -> None:
    path = changed(write_database(tmp_path / "wjazzd.db", [ONE]), statement)
    with closing(sqlite3.connect(path)) as connection, connection:
        insert_solo(connection, 2, ONE)
    damaged, good = read_solos(path)
    assert damaged.tune is None
    assert reason in damaged.note
    assert "\n" not in damaged.note
    assert good.tune is not None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE solo_info SET performer = NULL",
        "UPDATE solo_info SET avgtempo = 'fast'",
        "UPDATE solo_info SET avgtempo = 0",
        "UPDATE solo_info SET title = printf('%.*c', 5000, 'x')",
        "UPDATE solo_info SET instrument = x'ff'",
    ],
)
def test_damaged_facts_of_a_solo(statement: str, database: Path) -> None:
    assert "facts of the solo are damaged" in refusal(changed(database, statement))


def test_a_solo_on_an_instrument_that_is_not_known(database: Path) -> None:
    changed(database, "UPDATE solo_info SET instrument = 'kazoo', rhythmfeel = NULL, key = NULL")
    [result] = read_solos(database)
    assert result.tune is not None
    assert (result.tune.instrument.name, result.tune.feel, result.tune.key) == ("Kazoo", "", None)


def test_a_value_of_many_megabytes_is_refused(database: Path) -> None:
    changed(database, "UPDATE beats SET chord = zeroblob(5000000) WHERE beatid = 1")
    assert "the database cannot be read" in refusal(database)


def test_the_name_of_a_solo_without_its_file(database: Path) -> None:
    changed(database, "DROP TABLE transcription_info")
    assert read_solos(database)[0].info.id == "LesterYoung_Blues"


def test_rows_of_no_solo_are_ignored(database: Path) -> None:
    changed(
        database,
        "INSERT INTO beats(melid, bar, beat) VALUES (NULL, 1, 1)",
        "INSERT INTO beats(melid, bar, beat) VALUES ('x', 1, 1)",
        "INSERT INTO melody(melid, bar) VALUES (-7, 1)",
    )
    assert read_solos(database)[0].tune is not None


# --- Tables and bundles --------------------------------------------------------------------------


def test_a_folder_without_tables(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="the folder has no music files"):
        read_tunes([tmp_path])


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("notes.csv.gz", b"melid,pitch\n1,60\n", "no column phrase_begin or bar or beat"),
        ("notes.csv.gz", b"\xff\xfe", "damaged"),
        ("notes.csv.gz", b"", "no column"),
        ("beats.csv.gz", b'melid,bar\n1,"' + b"x" * 200_000, "no column|damaged"),
    ],
)
def test_a_damaged_table(name: str, content: bytes, reason: str, tmp_path: Path) -> None:
    folder = write_tables(tmp_path, [ONE])
    (folder / name).write_bytes(gzip.compress(content))
    assert re.search(reason, refusal(folder))


def test_a_row_that_is_too_short(tmp_path: Path) -> None:
    folder = write_tables(tmp_path, [ONE])
    header = gzip.decompress((folder / "notes.csv.gz").read_bytes()).splitlines()[0]
    (folder / "notes.csv.gz").write_bytes(gzip.compress(header + b"\r\n1,1\r\n"))
    assert "notes.csv.gz: the table is damaged" in refusal(folder)


def test_a_table_that_is_not_packed_and_one_that_is_cut(tmp_path: Path) -> None:
    folder = write_tables(tmp_path, [ONE])
    content = (folder / "notes.csv.gz").read_bytes()
    for damaged in (b"melid,bar", content[:-10], content[:12] + b"\0\0\0" + content[15:]):
        (folder / "notes.csv.gz").write_bytes(damaged)
        assert "the table is damaged" in refusal(folder)


def test_a_table_that_unpacks_to_more_than_the_limit(tmp_path: Path) -> None:
    folder = write_tables(tmp_path, [ONE])
    (folder / "notes.csv.gz").write_bytes(gzip.compress(b"0" * (3 << 20)))
    assert "unpacked table is larger than 1 MB" in refusal(folder, Limits(max_file_megabytes=1))


def test_a_damaged_bundle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "solos.jsonl.gz"
    write_bundle(path, [ONE], "", {})
    content = path.read_bytes()
    text = gzip.decompress(content)
    header, line = text.split(b"\n")
    for damaged in (
        content[:-9],
        b"not packed",
        gzip.compress(header.replace(b"solos 1", b"solos 9") + b"\n" + line),
        gzip.compress(header + b"\n{}"),
        gzip.compress(header + b"\n" + line.replace(b'"pitch":[60', b'"pitch":[128')),
        gzip.compress(header + b"\n" + line.replace(b'"pitch":[60,', b'"pitch":[')),
        gzip.compress(
            header + b"\n" + line.replace(b'"bars":[[1,4,2]]', b'"bars":[[1,96,100000]]')
        ),
        gzip.compress(header + b"\n" + line.replace(b'"chord":[[0,', b'"chord":[[3,')),
    ):
        path.write_bytes(damaged)
        assert "the file is damaged" in refusal(path)


def test_a_bundle_that_unpacks_to_more_than_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "solos.jsonl.gz"
    path.write_bytes(gzip.compress(b"0" * (9 << 20)))
    assert "unpacked file is larger than 1 MB" in refusal(path, Limits(max_file_megabytes=1))


# --- Choices -------------------------------------------------------------------------------------


def test_solos_of_a_choice_that_leaves_nothing(database: Path) -> None:
    choice = SoloFilter(player=("Lester Young",), feel=("swing",))
    assert len(read_solos(database, choice)) == 1
    with pytest.raises(CorpusError) as caught:
        read_solos(database, SoloFilter(player=("Lestor Yuong",)))
    assert str(caught.value) == ("no solo has the player 'Lestor Yuong'; choose from Lester Young")
