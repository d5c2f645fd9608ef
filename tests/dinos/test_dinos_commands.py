"""The commands of `dinos`, run as a user runs them."""

import csv
import json
import os
import subprocess
import sys

import pytest

from dinos import generate, train
from dinos.generation import load
from dinos.names import dinosaurs

LIST = "\n".join(f"{a}{b}saur" for a in "tybndr" for b in "aeiou")


def run(monkeypatch, capsys, module, *arguments):
    """The exit status, stdout and stderr of a command."""
    monkeypatch.setattr(sys, "argv", ["it", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        module.main()
    said = capsys.readouterr()
    return ended.value.code or 0, said.out, said.err


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model trained by the command, on thirty short names with an empty line between them."""
    folder = tmp_path_factory.mktemp("dinos")
    names = folder / "names.txt"
    names.write_text(LIST.replace("\n", "\n\n", 1), encoding="utf-8")
    command = [sys.executable, "-m", "dinos.train", names, "--out", folder / "run"]
    options = ["--epochs", "30", "--batch-size", "8", "--n-a", "16", "--made-up", "0"]
    done = subprocess.run(command + options, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (folder / "stderr").write_text(done.stderr)
    (folder / "stdout").write_text(done.stdout)
    return folder


@pytest.fixture(scope="module")
def model(folder):
    return folder / "run" / "model.keras"


def test_a_model_is_kept_where_keras_does_not_start(tmp_path):
    (tmp_path / "names.txt").write_text(LIST, encoding="utf-8")
    options = ["--epochs", "1", "--batch-size", "8", "--n-a", "4", "--made-up", "0", "--out", "run"]
    done = subprocess.run(
        [sys.executable, "-m", "dinos.train", "names.txt", *options],
        cwd=tmp_path, env=os.environ | {"KERAS_BACKEND": "bogus"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stderr.split())
    assert "model.keras is written without a copy for Keras: Keras on bogus does not start" in said
    assert load(tmp_path / "run" / "model.keras").weights.units == 4


def test_training_shows_sampled_names_and_a_summary(folder):
    said = (folder / "stderr").read_text()
    written = ("model.keras", "history.csv", "loss.png")
    assert (folder / "stdout").read_text().splitlines() == [f"{folder}/run/{n}" for n in written]
    assert "epoch 30/30" in said
    assert said.count(" samples: ") == 6  # the first epoch, then five more times
    assert "names.txt: 1 empty line between names left out" in said
    for part in ("27 to train on, 3 held out", "perplexity", "parameters", "seconds"):
        assert part in said
    assert "tensorflow" not in said.lower()
    made = {path.name for path in (folder / "run").iterdir()}
    assert made == {"model.keras", "history.csv", "loss.png"}
    with (folder / "run" / "history.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["epoch"] for row in rows] == [str(n) for n in range(1, 31)]
    assert float(rows[-1]["held_out_loss"]) < float(rows[0]["held_out_loss"])


def test_the_model_file_keeps_names_split_and_settings(model):
    kept = load(model)
    assert kept.vocabulary.symbols[0] == "\n"
    assert len(kept.content.training) == 27
    assert kept.content.config.cell == "rnn"
    assert kept.content.config.context == 4
    assert kept.weights.n_inputs > kept.vocabulary.size  # n-gram features, too
    assert list(kept.sources) == ["names.txt"]


def test_keras_reads_the_model_file(model):
    keras = pytest.importorskip("keras")
    assert keras.models.load_model(model).count_params() == load(model).weights.n_parameters


def test_stdout_has_one_name_per_line_and_nothing_else(monkeypatch, capsys, model):
    status, out, err = run(monkeypatch, capsys, generate, model, "--count", 20, "--seed", 1)
    assert status == 0
    names = out.splitlines()
    assert len(names) == 20
    assert all(name[0].isupper() and name.isalpha() for name in names)
    learned = set(load(model).content.training)
    known = [name for name in names if name.lower() in learned]
    assert known  # so small a list is soon known by heart
    for name in known:
        assert f"{name}: in the training list" in err


def test_equal_seeds_give_equal_output(monkeypatch, capsys, model):
    first = run(monkeypatch, capsys, generate, model, "--seed", 4)
    assert first == run(monkeypatch, capsys, generate, model, "--seed", 4)
    assert first != run(monkeypatch, capsys, generate, model, "--seed", 5)


def test_without_a_seed_the_names_are_new_each_time_and_the_seed_is_printed(
    monkeypatch, capsys, model
):
    one, other = (run(monkeypatch, capsys, generate, model, "--count", 30) for _ in range(2))
    assert one[1] != other[1]
    seed = one[2].split("--seed ")[1].split()[0]
    again = run(monkeypatch, capsys, generate, model, "--count", 30, "--seed", seed)
    assert again[1] == one[1]
    assert "--seed" not in again[2]


def test_without_a_model_the_bundled_one_invents_dinosaurs(monkeypatch, capsys):
    status, out, _ = run(monkeypatch, capsys, generate, "--count", 20, "--new", "--seed", 0)
    assert status == 0
    assert len(set(out.split())) == 20
    assert not {name.lower() for name in out.split()} & set(dinosaurs().read_text().split())


def test_the_option_new_prints_only_names_that_are_not_in_the_list(monkeypatch, capsys, model):
    status, out, err = run(monkeypatch, capsys, generate, model, "--new", "--count", 5)
    assert status == 0
    assert not {name.lower() for name in out.split()} & set(load(model).content.training)
    assert "in the training list" not in err


def test_names_begin_with_the_start_and_are_cut_at_the_maximum_length(monkeypatch, capsys, model):
    options = ("--start", "Ty", "--max-length", 4, "--count", 5)
    status, out, err = run(monkeypatch, capsys, generate, model, *options)
    assert status == 0
    assert all(name.startswith("Ty") and len(name) <= 4 for name in out.split())
    assert "cut after 4 characters" in err


def test_json_has_a_line_with_log_probabilities_and_closest_name_for_each_name(
    monkeypatch, capsys, model
):
    status, out, _ = run(monkeypatch, capsys, generate, model, "--json", "--count", 8)
    assert status == 0
    rows = [json.loads(line) for line in out.splitlines()]
    assert len(rows) == 8
    content = load(model).content
    for row in rows:
        name = row["name"].lower()
        values = row["log_probabilities"]
        assert len(values) == len(name) + 1
        assert row["log_probability_per_character"] == pytest.approx(
            sum(values) / len(values), abs=1e-3
        )
        assert row["new"] == (name not in content.training + content.held_out)
        assert row["closest"] in content.training
        assert (row["distance"] == 0) == (name in content.training)


def test_generating_and_help_do_not_wait_for_tensorflow(model):
    script = (
        f"import sys; sys.argv = ['it', {str(model)!r}]\n"
        "from dinos import generate\n"
        "try: generate.main()\n"
        "except SystemExit as end: assert not end.code\n"
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", [], "the file is empty"),
        (b"\n\n", [], "the list has no names"),
        (b"rex\n", [], "only the name `rex`"),
        (b"rex\0\1\2", [], "a binary file"),
        ("tyra\nr\xe9x\n".encode("latin-1"), [], "byte 0xe9 at 6 (line 2)"),
        (b"rex\nallosaurus\n", ["--max-length", "9"], "has 10 characters, more than 9"),
        (b"rex\ntyra\n", ["--cell", "gnu"], "--cell must be rnn, gru or lstm, not 'gnu'"),
        (None, [], "no such file"),
    ],
)
def test_a_bad_list_is_refused_in_one_line(
    monkeypatch, capsys, tmp_path, content, options, message
):
    path = tmp_path / "list.txt"
    if content is not None:
        path.write_bytes(content)
    out = tmp_path / "run"
    status, stdout, err = run(monkeypatch, capsys, train, path, "--out", out, *options)
    assert status == 2
    assert stdout == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert message in err
    assert not out.exists()


def test_training_refuses_a_folder_that_cannot_be_written(monkeypatch, capsys, tmp_path):
    (tmp_path / "taken").write_text("a file")
    out = tmp_path / "taken" / "run"
    status, _, err = run(monkeypatch, capsys, train, "--out", out)
    assert (status, err.count("\n")) == (2, 1)
    assert "the folder cannot be written" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--start", "Xy"], "'x' of 'Xy'"),
        (["--start", "Xy"], "only abdeinorstuy"),
        (["--start", "tyra", "--max-length", "4"], "has 4 characters, and names may have 4"),
        (["--temperature", "0"], "--temperature must be above 0"),
        (["--top-k", "0"], "--top-k must be at least 1"),
        (["--top-p", "1.5"], "--top-p must be above 0"),
    ],
)
def test_bad_settings_are_refused_in_one_line(monkeypatch, capsys, model, options, message):
    status, out, err = run(monkeypatch, capsys, generate, model, *options)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_a_file_that_is_not_a_model_is_refused(monkeypatch, capsys, tmp_path):
    for content, said in ((b"names", "the file is not a model"), (b"", "the file is empty")):
        path = tmp_path / "model.keras"
        path.write_bytes(content)
        status, out, err = run(monkeypatch, capsys, generate, path)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert said in err


def test_the_longest_copied_run_is_reported_and_can_be_limited(monkeypatch, capsys, model):
    _, out, err = run(monkeypatch, capsys, generate, model, "--json", "--seed", 1)
    summary_table = [json.loads(line) for line in out.splitlines()]
    lengths = [len(each["longest_copy"]) for each in summary_table]
    assert all(each["longest_copy"] in each["longest_copy_from"] for each in summary_table)
    assert f"shared with the list: {sum(lengths) / len(lengths):.1f} letters in a row" in err
    assert max(lengths) > 3
    _, out, _ = run(monkeypatch, capsys, generate, model, "--json", "--max-copy", 3)
    assert max(len(json.loads(line)["longest_copy"]) for line in out.splitlines()) <= 3
