"""Solos of a database: the same tunes from SQLite, tables and bundle; choices; damaged files."""

from dataclasses import asdict
from fractions import Fraction as F

import pytest
from helpers.solo_databases import beats, solo, some_solos, write_database, write_tables

from djmodel.inputs.limits import DEFAULT, Deadline
from djmodel.inputs.reader import read_tune, read_tunes
from djmodel.inputs.wjazzd.bundle import read_bundle, write_bundle
from djmodel.inputs.wjazzd.solos import bundled_solos, bundled_split, read_solos
from seqmodel.errors import CorpusError

# A pick-up and long held notes; changes of meter; no chords; one beat a bar; quintuplets.
NAMES = (
    "CharlieParker_DonnaLee",
    "DavidMurray_BluesForTwo-1",
    "OrnetteColeman_Peace",
    "JohnColtrane_NatureBoy",
    "StanGetz_BodyAndSoul",
)


@pytest.fixture(scope="module")
def solos():
    return some_solos(*NAMES)


@pytest.fixture(scope="module")
def results(solos, tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "solos.jsonl.gz"
    write_bundle(path, solos, "", {})
    return read_solos(path)


def test_the_database_gives_the_same_tunes_as_the_bundle(solos, results, tmp_path):
    assert read_solos(write_database(tmp_path / "wjazzd.db", solos)) == results


def test_the_tables_give_the_same_tunes_as_the_bundle(solos, results, tmp_path):
    assert read_solos(write_tables(tmp_path / "tables", solos)) == results


def test_a_bundle_is_read_back_as_it_was_written_with_the_same_bytes(solos, tmp_path):
    first, second = tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl.gz"
    write_bundle(first, solos, "a notice", {})
    restored = list(read_bundle(first, Deadline(DEFAULT, first)))
    assert [asdict(one) for one in restored] == [asdict(one) for one in solos]
    write_bundle(second, restored, "a notice", {})
    assert first.read_bytes() == second.read_bytes()


def test_a_real_solo_is_a_tune(results):
    tune = results[0].tune
    assert (tune.title, tune.performer, tune.style) == ("Donna Lee", "Charlie Parker", "bebop")
    assert len(tune.melody_notes()) == 371
    assert tune.choruses == (2, 34)  # two bars of upbeat, choruses of 32 bars
    assert tune.phrases[0] == F(5, 2)
    assert results[0].note == "3 of 371 notes moved, by 0.014 beats on average and 0.017 at most"


def test_a_solo_without_chords_has_a_reason_in_place_of_a_tune(results):
    assert results[2].tune is None
    assert results[2].note == "the solo has no chords"


def test_all_bundled_solos_are_read_or_refused_with_a_reason():
    tunes = bundled_solos()
    assert len(tunes) == 443
    assert sum(len(tune.melody_notes()) for tune in tunes) == 194_578
    assert len({tune.performer for tune in tunes}) == 78


def test_no_composition_is_in_two_parts_of_the_split():
    split = bundled_split("by_composition")
    parts = {part: len(names) for part, names in split.items()}
    assert parts == {"train": 392, "validation": 30, "test": 34}
    titles = {one.info.id: one.info.title for one in some_solos()}
    train, validation, test = ({titles[name] for name in names} for names in split.values())
    assert not train & validation | train & test | validation & test
    assert len(bundled_solos("validation")) == 28  # two of its solos have no chords


def test_one_solo_is_made_of_one_note(tmp_path):
    one = solo(beats("C . . ."), [(60, (1, 1, 1, 1), 1.0)])
    [result] = read_solos(write_database(tmp_path / "wjazzd.db", [one]))
    assert [note.pitch for note in result.tune.melody_notes()] == [60]


def test_a_tune_is_read_from_a_database_by_the_name_of_the_solo(solos, tmp_path):
    path = write_database(tmp_path / "wjazzd.db", solos)
    tune = read_tune(path, solo="CharlieParker_DonnaLee", bars=(3, 4))
    assert (tune.title, len(tune.bars)) == ("Donna Lee", 2)
    with pytest.raises(CorpusError, match="the database has 5 solos, of which one is needed"):
        read_tune(path)
    with pytest.raises(CorpusError, match="the solo has no chords"):
        read_tune(path, solo="OrnetteColeman_Peace")


def test_a_folder_is_searched_for_the_database(solos, tmp_path):
    path = write_database(tmp_path / "music" / "wjazzd.db", solos[:1])
    (tmp_path / "music" / "Thumbs.db").write_bytes(b"pictures")
    read = read_tunes([tmp_path])
    assert [result.name for result in read.results] == ["CharlieParker_DonnaLee"]
    assert read.used == [path]


def test_the_files_of_a_folder_of_tables(solos, tmp_path):
    folder = write_tables(tmp_path / "tables", solos[:2])
    read = read_tunes([folder])
    assert [path.name for path in read.used] == ["solos.csv", "notes.csv.gz", "beats.csv.gz"]
