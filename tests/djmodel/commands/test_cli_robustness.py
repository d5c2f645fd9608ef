"""Mistyped commands, missing memory, closed streams and undecodable file names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from djmodel.config import GenerationConfig
from djmodel.inputs.music_files import find_music
from djmodel.inputs.reader import read_tune
from djmodel.model.model_file import load, pretrained_model
from djmodel.model.solos import generate_solos
from seqmodel.errors import FileError, InputError
from seqmodel.files import check_no_overwrite
from seqmodel.parallel.pool import PoolConfig, parallel_map

GENERATE, TRAIN = "djmodel.generate", "djmodel.train"


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--primer-values", "C,999999.000"],
            "the value C,999999.000 is longer than 1,024 quarter notes",
        ),
        (["--changes", "C", "--style", ""], "not a style of accompaniment"),
        (["--score", "folder.svg"], "folder.svg: this is a folder"),
    ],
)
def test_generating_refuses_before_anything_is_written(refuses, tmp_path, options, message):
    (tmp_path / "folder.svg").mkdir()
    assert message in refuses(GENERATE, "--bars", 2, *options)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.svg"]


def test_an_output_that_is_a_folder_is_refused_at_the_start(tmp_path):
    with pytest.raises(FileError, match="this is a folder"):
        check_no_overwrite([tmp_path], [])


def test_an_empty_name_is_not_the_current_folder(refuses, rags, tmp_path):
    shutil.copy(rags[0], tmp_path)
    assert "the name of a music file is empty" in refuses(TRAIN, "")
    with pytest.raises(InputError):
        list(find_music([""]))
    assert len(list(find_music([tmp_path, "."]))) == 1


def test_too_little_memory_is_reported_in_one_line(refuses, rags):
    line = refuses(TRAIN, rags[5], "--m", 10**7, "--tx", 600, "--out", "run")
    assert "there is not enough memory (Unable to allocate" in line


def test_no_more_processes_are_started_than_there_are_items():
    assert list(parallel_map(abs, [-1, -2], PoolConfig(jobs=1000), lambda item: item)) == [1, 2]


def test_an_undecodable_file_name_is_written_as_text(command, rags, tmp_path):
    name = os.fsdecode(b"f\xfcr.mid")
    try:
        shutil.copy(rags[5], tmp_path / name)
    except OSError:
        pytest.skip("no such names on this system")
    tune = read_tune(tmp_path / name)
    tune.title.encode()
    options = ["--over", name, "--bars", 2, "--html", "x.html", "--score", "x.svg"]
    assert command(GENERATE, *options).status == 0
    assert "f\N{REPLACEMENT CHARACTER}r" in (tmp_path / "x.html").read_text(encoding="utf-8")
    assert command(GENERATE, "--like", "solo.mid").status == 0
    done = command(TRAIN, name, "--epochs", 1, "--n-a", 8, "--out", os.fsdecode(b"r\xfcn"))
    assert done.status == 0, done.err
    if find_spec("pyarrow"):
        done = command("djmodel.corpus", "build", name, "--out", "corpus", "--jobs", 1)
        assert done.status == 0, done.err


def run(redirected, *words):
    """A command with its streams as a shell puts them."""
    line = 'exec "$@" ' + redirected
    return subprocess.run(["bash", "-c", line, "bash", sys.executable, "-m", *map(str, words)])


def test_a_job_without_any_stream_does_its_work(rags, tmp_path):
    short = ["--epochs", 1, "--n-a", 8, "--out", "run"]
    assert run("<&- >&- 2>&-", TRAIN, rags[5], *short).returncode == 0
    assert load("run/model.keras").weights.n_values == 90
    assert {path.name for path in tmp_path.joinpath("run").iterdir()} == {
        "model.keras", "history.csv", "loss.png", "solo.mid",
    }  # fmt: skip


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_an_error_that_cannot_be_printed_keeps_its_status():
    assert run("2>/dev/full", GENERATE, "nothing.keras").returncode == 2


def test_the_longest_primer_is_played():
    config = GenerationConfig(changes="C | F", primer_values="C,1024.000 C,0.250", bars=2)
    [solo] = generate_solos(load(pretrained_model("ragtime")), config)
    assert np.isfinite(solo.log_probability)
