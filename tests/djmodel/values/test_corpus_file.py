"""A corpus on disk: building, opening, errors, training on it."""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.solo_databases import some_solos, write_database

from djmodel.config import TrainingConfig
from djmodel.inputs import cache, reader
from djmodel.inputs.limits import Deadline
from djmodel.inputs.music_files import rags
from djmodel.inputs.reader import read_tune
from djmodel.inputs.score_to_tune import ReadOptions
from djmodel.model.model_file import load
from djmodel.model.training import fit_corpus
from djmodel.values import conditioning
from djmodel.values import corpus_file as corpus_module
from djmodel.values.conditioning import BarPositions
from djmodel.values.corpus_file import FILE, Corpus, build
from djmodel.values.encoded_corpus import encode_corpus, encode_stored_corpus
from djmodel.values.grammar import Register, encode
from seqmodel.data.streaming import Span
from seqmodel.errors import CorpusError, FileError
from seqmodel.folder_lock import locked_folder
from seqmodel.parallel.pool import PoolConfig
from seqmodel.training.config import TrainerConfig

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")

ALONE = PoolConfig(jobs=1)
BOOK = """X:1
T:First
M:4/4
L:1/4
K:C
"C"CDEF|"G"GABc|"C"cBAG|"G7"FEDC|
X:2
T:Second
M:3/4
L:1/4
K:G
"G"GAB|"D"AFD|"G"GBd|"G"G3|
"""


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Two rags, a tune book of two tunes, and a file that is cut off."""
    folder = tmp_path / "music"
    folder.mkdir()
    for rag in rags()[:2]:
        shutil.copy(rag, folder)
    (folder / "book.abc").write_text(BOOK)
    (folder / "broken.mid").write_bytes(rags()[0].read_bytes()[:100])
    return folder


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty cache of read files."""
    monkeypatch.setenv("DJMODEL_CACHE", str(tmp_path / "kept"))


@pytest.fixture
def corpus(music: Path, tmp_path: Path) -> Path:
    build([music], tmp_path / "corpus", ALONE)
    return tmp_path / "corpus"


def digest(folder: Path) -> str:
    return hashlib.sha256((folder / FILE).read_bytes()).hexdigest()


@pytest.fixture
def cluster_of_threads() -> Iterator[str]:
    """The address of a Dask scheduler in this process, whose workers are threads, which start at
    once; the tests of the pool have workers that are processes."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    workers = {"n_workers": 2, "threads_per_worker": 1, "processes": False}
    with distributed.LocalCluster(**workers, protocol="tcp", dashboard_address=None) as started:
        yield started.scheduler_address


@pytest.mark.usefixtures("fresh")
def test_one_process_two_and_a_cluster_write_the_same_bytes(
    music: Path, tmp_path: Path, cluster_of_threads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (music / "book.abc").unlink()  # music21 would start in each process
    write_database(music / "wjazzd.db", some_solos("MilesDavis_Orbits", "CharlieParker_K.C.Blues"))
    versions = cache.reader_versions
    digests = set()
    for name, workers in {
        "one": ALONE,
        "two": PoolConfig(jobs=2),
        "cluster": PoolConfig(cluster=cluster_of_threads, versions=versions),
    }.items():
        monkeypatch.setenv("DJMODEL_CACHE", str(tmp_path / f"kept by {name}"))
        build([music], tmp_path / name, workers)
        digests.add(digest(tmp_path / name))
        assert len(list((tmp_path / f"kept by {name}").iterdir())) == 4
    assert len(digests) == 1


def test_a_row_has_the_values_bars_and_hash_of_its_tune(corpus: Path, music: Path) -> None:
    data = Corpus(corpus)
    titles = list(data.column("title"))
    path = music / rags()[0].name
    row = list(data.column("source")).index(str(path))
    tune = read_tune(path)
    bars = [[str(value) for value in values] for values in encode(tune)]
    assert titles[row] == tune.title
    starts = list(data.column("bar_starts"))[row]
    values = [data.values[index] for index in data.indices(row)]
    ends = [*starts[1:], len(values)]
    assert [values[a:b] for a, b in zip(starts, ends, strict=True)] == bars
    assert list(data.column("hash"))[row] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(data.column("result"))[row] == f"used: {len(bars)} bars, {len(values)} values"
    assert data.indices(row, 3, 8).tolist() == data.indices(row)[3:8].tolist()


def test_rows_are_in_the_order_of_the_files_with_a_result_each(corpus: Path) -> None:
    data = Corpus(corpus)
    names = [Path(source).name for source in data.column("source")]
    assert names == [rags()[0].name, "book.abc", "book.abc", "broken.mid", rags()[1].name]
    assert list(data.column("number")) == [0, 1, 2, 0, 0]
    assert list(data.column("title"))[1:3] == ["First", "Second"]
    assert list(data.column("result"))[3].startswith("skipped: the MIDI file is cut off")
    assert data.lengths[3] == 0
    assert (data.summary.files, data.summary.tunes, data.summary.skipped) == (4, 4, 1)


def test_values_and_pitches_are_counted(corpus: Path, music: Path) -> None:
    data = Corpus(corpus)
    tunes = reader.read_tunes([music]).tunes
    texts = Counter(str(v) for tune in tunes for bar in encode(tune) for v in bar)
    assert dict(zip(data.values, data.counts.tolist(), strict=True)) == texts
    assert data.summary.n_values == texts.total()
    assert Register.of_counts(data.pitches) == Register.of(tunes)


def test_tunes_of_a_corpus_are_read_in_order(corpus: Path) -> None:
    first, second = Corpus(corpus).tunes(2)
    assert second.title == "First"
    assert first == replace(read_tune(rags()[0]), accompaniment=())


@pytest.mark.usefixtures("fresh")
def test_a_build_that_was_interrupted_reads_only_what_is_missing(
    music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    read_scores = reader.read_scores

    def noted(path: Path, deadline: Deadline) -> object:
        read.append(path.name)
        return read_scores(path, deadline)

    def interrupt(name: str, *_: object) -> None:
        if name == "broken.mid":
            raise KeyboardInterrupt

    monkeypatch.setattr(reader, "read_scores", noted)
    with pytest.raises(KeyboardInterrupt):
        build([music], tmp_path / "corpus", ALONE, progress=interrupt)
    assert not (tmp_path / "corpus").exists()
    assert len(read) == 3
    build([music], tmp_path / "corpus", ALONE)
    assert read[3:] == [rags()[1].name]
    shutil.copy(rags()[2], music)
    build([music], tmp_path / "corpus", ALONE)
    assert read[4:] == [rags()[2].name]


def test_only_a_file_that_crashes_its_reader_is_skipped(
    music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows_of = corpus_module.rows_of

    def ending(path: Path, cache: Path, options: ReadOptions) -> object:
        if path.name == "book.abc":
            os.kill(os.getpid(), signal.SIGKILL)
        return rows_of(path, cache, options)

    monkeypatch.setattr(corpus_module, "rows_of", ending)
    build([music], tmp_path / "corpus", PoolConfig(jobs=2))
    results = list(Corpus(tmp_path / "corpus").column("result"))
    assert results[1] == "skipped: the process that read it ended"
    assert [result[:5] for result in results] == ["used:", "skipp", "skipp", "used:"]


def test_a_later_build_removes_what_a_killed_one_left(music: Path, tmp_path: Path) -> None:
    left = tmp_path / "corpus" / ".unfinished-0123.arrow"
    left.parent.mkdir()
    left.write_bytes(b"half")
    build([music / "book.abc"], left.parent, ALONE)
    assert [path.name for path in left.parent.iterdir()] == [FILE]


# --- errors ------------------------------------------------------------------------------------


def test_music_without_a_tune_is_refused(music: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="there are no files"):
        build([], tmp_path / "corpus", ALONE)
    with pytest.raises(CorpusError, match=r"no tune in 1 file can be used \(broken"):
        build([music / "broken.mid"], tmp_path / "corpus", ALONE)
    assert not (tmp_path / "corpus").exists()


def test_one_build_at_a_time_writes_in_a_folder(music: Path, tmp_path: Path) -> None:
    with (
        locked_folder(tmp_path / "corpus", "build"),
        pytest.raises(FileError, match="another build is writing in this folder"),
    ):
        build([music], tmp_path / "corpus", ALONE)


def test_a_folder_without_a_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="there is no such folder; build a corpus there first"):
        Corpus(tmp_path / "nothing")
    with pytest.raises(FileError, match=r"the folder has no tunes\.arrow"):
        Corpus(tmp_path)


def test_a_corrupted_corpus_is_refused(corpus: Path) -> None:
    whole = (corpus / FILE).read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"no Arrow file at all"):
        (corpus / FILE).write_bytes(content)
        with pytest.raises(FileError, match="the file is corrupted, or not a corpus"):
            Corpus(corpus)
    for metadata in (None, {}, {"djmodel corpus": "2"}):
        with pa.ipc.new_file(corpus / FILE, pa.schema([("x", pa.int32())], metadata=metadata)):
            pass
        with pytest.raises(FileError, match="the file is corrupted, or not a corpus"):
            Corpus(corpus)


def test_a_corpus_of_another_format_is_refused(corpus: Path) -> None:
    schema = pa.schema([("x", pa.int32())], metadata={"djmodel corpus": "7"})
    with pa.ipc.new_file(corpus / FILE, schema):
        pass
    with pytest.raises(FileError, match="the corpus has format 7, not 2; build the corpus again"):
        Corpus(corpus)


@pytest.mark.usefixtures("fresh")
def test_a_rebuilt_corpus_reads_only_changed_files(corpus: Path, music: Path) -> None:
    before = digest(corpus)
    build([music], corpus, ALONE)
    assert digest(corpus) == before
    (music / "book.abc").write_text(BOOK.replace("First", "Other"))
    (music / "broken.mid").unlink()
    build([music], corpus, ALONE)
    data = Corpus(corpus)
    assert list(data.column("title"))[1:3] == ["Other", "Second"]
    assert data.summary.skipped == 0


def test_values_are_readable_after_their_memory_pages_are_released(corpus: Path) -> None:
    data = Corpus(corpus)
    before = data.indices(0).copy()
    data.release_pages()
    assert np.array_equal(data.indices(0), before)


def test_a_full_disk_is_reported_in_one_line(music: Path, tmp_path: Path) -> None:
    def small_files_only() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    arguments = ["build", str(music), "--out", str(tmp_path / "corpus"), "--jobs", "1"]
    ended = subprocess.run(
        [sys.executable, "-m", "djmodel.corpus", *arguments],
        preexec_fn=small_files_only,
        capture_output=True,
        text=True,
        env={**os.environ, "DJMODEL_CACHE": str(tmp_path / "kept")},
    )
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith(
        f"error: {tmp_path}/corpus/tunes.arrow: the file cannot be written (file too large); make"
    )
    assert not (tmp_path / "corpus").exists()


# --- the command -------------------------------------------------------------------------------


def test_the_command_builds_a_corpus_and_describes_it(command, music: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "corpus"
    built = command("djmodel.corpus", "build", music, "--out", folder, "--jobs", 1)
    assert built.status == 0, built.err
    assert built.out == f"{folder}\n"
    assert "broken.mid: skipped: the MIDI file is cut off" in built.err
    assert f"train: djmodel train --corpus {folder}" in built.err
    described = command("djmodel.corpus", "info", folder)
    assert described.status == 0
    assert "C,0.250" in described.out
    assert "1 skipped: the MIDI file is cut off" in described.out


def test_options_that_exclude_each_other_are_refused(refuses, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    both = ["--jobs", 2, "--cluster", "tcp://x:1"]
    assert "leave one out (--jobs, --cluster)" in refuses(
        "djmodel.corpus", "build", "x.mid", "--out", tmp_path / "c", *both
    )
    assert "there is no such folder" in refuses("djmodel.corpus", "info", tmp_path / "c")


def test_a_corpus_is_not_written_into_the_folder_of_its_music(  # type: ignore[no-untyped-def]
    refuses, music: Path, tmp_path: Path
) -> None:
    before = sorted(music.iterdir())
    (tmp_path / "link").symlink_to(music)
    for out in (music, tmp_path / "link"):
        line = refuses("djmodel.corpus", "build", music / "book.abc", music, "--out", out)
        assert "the corpus would be written into the folder with the music" in line
    assert sorted(music.iterdir()) == before


# --- training on it ----------------------------------------------------------------------------

QUICK = TrainingConfig(tx=16, n_a=24, n_values=60, trainer=TrainerConfig(epochs=3, batch_size=16))


def test_a_corpus_on_disk_is_encoded_as_its_tunes_are(corpus: Path, music: Path) -> None:
    data = Corpus(corpus)
    in_memory = encode_corpus(reader.read_tunes([music]).tunes, QUICK.n_values)
    on_disk = encode_stored_corpus(data, QUICK.n_values)
    assert on_disk.vocabulary == in_memory.vocabulary
    assert (on_disk.n_values, on_disk.distinct) == (in_memory.n_values, in_memory.distinct)
    assert on_disk.share_folded == in_memory.share_folded > 0
    assert on_disk.registers.all == in_memory.registers.all
    for one, other in zip(on_disk.sequences, in_memory.sequences, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("limit", [256, 5])
def test_a_corpus_on_disk_has_the_bar_positions_of_its_tunes(
    corpus: Path, music: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(conditioning, "MAX_BAR_POSITIONS", limit)
    data, tunes = Corpus(corpus), reader.read_tunes([music]).tunes
    positions = data.bar_positions
    assert positions == BarPositions.of(tunes)
    assert max(len(positions.onsets), len(positions.to_bar_end)) <= limit
    for row, tune in zip(np.flatnonzero(data.lengths).tolist(), tunes, strict=True):
        in_memory = positions.conditioning(encode(tune), tune.bars, 90)
        for start, stop in (
            (0, len(in_memory)),
            (0, 1),
            (7, 9),
            (len(in_memory) - 1, len(in_memory)),
        ):
            [on_disk] = data.conditioning([Span(row, start, stop)], positions, 90)
            assert np.array_equal(on_disk, in_memory[start:stop])


def test_the_preset_ragtime_trains_on_a_corpus(  # type: ignore[no-untyped-def]
    command, corpus: Path, tmp_path: Path
) -> None:
    preset = ["--preset", "ragtime", "--epochs", 1, "--tx", 16, "--n-a", 16]
    trained = command("djmodel.train", "--corpus", corpus, "--out", tmp_path / "run", *preset)
    assert trained.status == 0, trained.err
    assert load(tmp_path / "run" / "model.keras").bar_positions
    assert (tmp_path / "run" / "solo.mid").exists()


def test_training_on_a_corpus_lowers_the_loss_and_is_reproducible(corpus: Path) -> None:
    first, again = (fit_corpus(Corpus(corpus), QUICK) for _ in range(2))
    losses = [epoch.loss for epoch in first.history]
    assert losses[-1] < losses[0] - 0.2
    assert [epoch.loss for epoch in again.history] == losses
    for one, other in zip(first.model.weights.arrays, again.model.weights.arrays, strict=True):
        assert np.array_equal(one, other)


def test_the_command_trains_on_a_corpus_and_plays(command, corpus: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    out = tmp_path / "run"
    trained = command("djmodel.train", "--corpus", corpus, "--out", out, "--epochs", 1)
    assert trained.status == 0, trained.err
    assert (out / "solo.mid").exists()
    assert "tunes             4" in trained.err


def test_a_corpus_on_disk_excludes_other_music(refuses, corpus: Path, music: Path) -> None:  # type: ignore[no-untyped-def]
    assert "a corpus on disk is trained on alone" in refuses(
        "djmodel.train", music, "--corpus", corpus
    )
    assert "the folder has no tunes.arrow" in refuses("djmodel.train", "--corpus", music)
