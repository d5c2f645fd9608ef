"""Databases of jazz solos on the command lines: choosing, showing, storing and training."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from helpers.solo_databases import beats, solo, some_solos, write_database

from djmodel.config import TrainingConfig
from djmodel.model.model_file import load
from djmodel.presets import PRESETS
from djmodel.values.corpus_file import Corpus
from seqmodel.settings import with_settings

needs_pyarrow = pytest.mark.skipif(find_spec("pyarrow") is None, reason="pyarrow is not installed")
TRAIN, INSPECT, CORPUS = "djmodel.train", "djmodel.inspect", "djmodel.corpus"


def two_choruses(title: str, feel: str, instrument: str = "as"):
    """Eight bars of a line in eighths over C and F."""
    line = [
        (60 + (5 * n) % 12, (1 + n // 8, 1 + n // 2 % 4, 1 + n % 2, 2), 0.5) for n in range(0, 64)
    ]
    rows = beats("C6 . . . F7 . . . " * 4)
    name = f"PaulDesmond_{title}"
    return solo(
        rows,
        line,
        name=name,
        performer="Paul Desmond",
        title=title,
        feel=feel,
        instrument=instrument,
    )


@pytest.fixture
def database(tmp_path: Path) -> Path:
    solos = [two_choruses("Waltz", "SWING"), two_choruses("Samba", "LATIN", "ts")]
    return write_database(tmp_path / "wjazzd.db", [*solos, *some_solos("MilesDavis_Orbits")])


def test_a_solo_is_shown_by_its_name(command) -> None:
    done = command(INSPECT, "--solo", "CharlieParker_DonnaLee", "--bars", "3:4")
    assert done.status == 0, done.err
    rows = [" ".join(line.split()) for line in done.out.splitlines()]
    assert "player Charlie Parker, Alto Sax" in rows
    assert "style bebop, swing feel" in rows
    assert "form A1 bar 1" in rows
    assert any(row.startswith("A1 3 Ab ") for row in rows)
    assert any(row.startswith("4 F7 ") for row in rows)


def test_the_solos_of_a_database_are_listed(command, database) -> None:
    done = command(INSPECT, database)
    assert done.status == 0, done.err
    rows = [" ".join(line.split()) for line in done.out.splitlines()]
    assert "PaulDesmond_Waltz Alto Sax swing swing 120 8 64" in rows
    assert any(row.startswith("MilesDavis_Orbits the solo has no") for row in rows)


def test_a_solo_that_cannot_be_used_has_a_reason(refuses, database) -> None:
    line = refuses(INSPECT, database, "--solo", "MilesDavis_Orbits")
    assert line == f"error: {database}: MilesDavis_Orbits: the solo has no chords"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--player", "Paul Desmont"],
            "no solo has the player 'Paul Desmont'; choose from Miles Davis, Paul Desmond",
        ),
        (
            ["--feel", "samba"],
            "no solo has the feel 'samba'; choose from latin, swing",
        ),
        (
            ["--player", "Paul Desmond", "--feel", "latin", "--instrument", "alto sax"],
            "no solo is by Paul Desmond and on alto sax and in the feel latin; "
            "leave one of these out",
        ),
    ],
)
@pytest.mark.parametrize("program", [TRAIN, INSPECT])
def test_choices_that_leave_nothing(refuses, database, program, arguments, message) -> None:
    assert refuses(program, database, *arguments) == f"error: {message}"


def test_a_last_name_chooses_the_solos_of_a_player(command, database) -> None:
    done = command(INSPECT, database, "--player", "desmond")
    assert done.status == 0, done.err
    assert "PaulDesmond_Waltz" in done.out
    assert "MilesDavis_Orbits" not in done.out


def test_a_word_of_several_names_is_refused_with_all_of_them(refuses, database) -> None:
    said = refuses(INSPECT, database, "--instrument", "sax")
    assert "the instrument 'sax' may be Alto Sax, Tenor Sax; give the whole name" in said


def test_the_nearest_names_of_many(refuses) -> None:
    line = refuses(INSPECT, "--player", "Charly Parker")
    assert "the nearest names are Charlie Parker" in line


def test_solos_are_chosen_only_from_a_database(refuses, rags) -> None:
    for program in (TRAIN, INSPECT):
        line = refuses(program, rags[0], "--player", "Scott Joplin")
        assert "solos by Scott Joplin can be chosen only from a database of solos" in line


def test_a_model_is_trained_on_chosen_solos(command, database, tmp_path) -> None:
    out = tmp_path / "run"
    done = command(
        TRAIN, database, "--player", "paul desmond", "--epochs", 1, "--n-a", 4, "--out", out
    )
    assert done.status == 0, done.err
    assert [tune.title for tune in load(out / "model.keras").tunes] == ["Waltz", "Samba"]


def test_a_jazz_model_is_trained_on_the_bundled_solos_unless_music_is_named(
    command, database, tmp_path, monkeypatch
) -> None:
    small = with_settings(TrainingConfig(grammar="jazz"), epochs=1, n_a=4)
    monkeypatch.setitem(PRESETS, "jazz", small)
    monkeypatch.setattr("djmodel.inputs.wjazzd.solos.bundled_file", lambda: database)
    done = command(TRAIN, "--preset", "jazz", "--out", tmp_path)
    assert "PaulDesmond_Waltz   used: 8 bars, 64 values" in done.err
    assert "Contains information from the Weimar Jazz Database (WJazzD)" in done.err


@needs_pyarrow
def test_a_corpus_is_built_of_chosen_solos(command, database, tmp_path) -> None:
    out = tmp_path / "corpus"
    for choice, titles in ((["--feel", "latin"], ["Samba"]), ([], ["Waltz", "Samba", ""])):
        done = command(CORPUS, "build", database, *choice, "--out", out, "--jobs", 1)
        assert done.status == 0, done.err
        corpus = Corpus(out)
        assert list(corpus.column("title")) == titles
    assert "skipped: the solo has no chords" in list(corpus.column("result"))
    [samba] = [tune for tune in corpus.tunes(2) if tune.title == "Samba"]
    assert (samba.performer, samba.feel) == ("Paul Desmond", "latin")


@needs_pyarrow
def test_a_stored_corpus_has_its_choice_made(refuses, command, database, tmp_path) -> None:
    command(CORPUS, "build", database, "--out", tmp_path / "corpus", "--jobs", 1)
    line = refuses(TRAIN, "--corpus", tmp_path / "corpus", "--feel", "latin")
    assert "solos cannot be chosen from a corpus on disk" in line
