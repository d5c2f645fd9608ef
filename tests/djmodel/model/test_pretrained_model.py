"""The bundled ragtime model and its card, and how models are evaluated."""

import re
from shutil import copy

import mido
import pytest

from benchmarks import pretrained
from djmodel.evaluation.perplexity import Evaluation, Metrics
from djmodel.inputs.music_files import rags
from djmodel.model.model_file import load, pretrained_model
from djmodel.presets import PRESETS
from seqmodel.files import sha256_of_file

GENERATE, EVALUATE, TRAIN = "djmodel.generate", "djmodel.evaluate", "djmodel.train"


@pytest.fixture(scope="module")
def bundled():
    return load(pretrained_model("ragtime"))


def test_the_bundled_model_is_small_and_was_trained_on_the_rags_with_the_preset(bundled):
    assert pretrained_model("ragtime").stat().st_size < 1_000_000
    assert bundled.sources == {path.name: sha256_of_file(path) for path in rags()}
    assert bundled.config == PRESETS["ragtime"]


def test_the_model_card_reports_a_lower_perplexity_on_held_out_rags_than_any_ngram(bundled):
    text = pretrained_model("ragtime").with_name("ragtime.md").read_text(encoding="utf-8")
    [row] = [line for line in text.splitlines() if line.startswith("| **all**")]
    values, model, ngram = (float(cell.replace(",", "")) for cell in row.split("|")[2:5])
    assert values == bundled.n_values
    assert model < ngram - 0.105  # a perplexity a tenth lower
    orders = re.findall(r"^\| ([1-6]) \| ([\d.]+) \|", text, re.MULTILINE)
    assert min(float(cross_entropy) for _, cross_entropy in orders) == ngram
    assert f"{bundled.weights.n_parameters:,} parameters" in text


def test_a_model_card_has_the_measured_figures(bundled, monkeypatch):
    monkeypatch.setattr(pretrained, "SOLOS_PER_TUNE", 1)
    ngrams = {order: Metrics(100, 4.0 - order / 10, 0.1) for order in range(1, 7)}
    found = [Evaluation("one", Metrics(100, 3.0, 0.25), ngrams, 6)]
    without_positions = Evaluation("all", Metrics(100, 3.2, 0.2), ngrams, 6)
    text = pretrained.card(bundled, found, without_positions)
    assert "| one | 100 | 3.000 | 3.400 | 6 | 33% |" in text  # 1 - exp(3 - 3.4)
    assert "cross-entropy of 3.200 nats" in text
    assert "| 2 | 3.800 | 44.7 | 10.0% |" in text


def test_generate_takes_the_bundled_ragtime_model_by_its_name_or_its_file(command, tmp_path):
    out, other = tmp_path / "solo.mid", tmp_path / "other.mid"
    changes = ("--changes", "Dm7 | G7 | Cmaj7 | %", "--seed", 0)
    done = command(GENERATE, "ragtime", *changes, "--out", out)
    assert done.status == 0, done.err
    assert sum(message.type == "note_on" for message in mido.MidiFile(out)) > 10
    command(GENERATE, pretrained_model("ragtime"), *changes, "--out", other)
    assert other.read_bytes() == out.read_bytes()


def test_the_folder_of_a_training_is_its_model(command, refuses, tmp_path):
    (tmp_path / "run").mkdir()
    copy(pretrained_model("ragtime"), tmp_path / "run" / "model.keras")
    assert load(tmp_path / "run").identity == load("ragtime").identity
    out = tmp_path / "solo.mid"
    done = command(GENERATE, tmp_path / "run", "--changes", "C | F | G | C", "--out", out)
    assert done.status == 0, done.err
    assert "one model is evaluated at a time" in refuses(EVALUATE, tmp_path / "run", "jazz")


def test_evaluate_compares_the_bundled_model_with_ngrams_of_each_order(command, rags):
    done = command(EVALUATE, "ragtime", rags[0], "--count", 1)
    assert done.status == 0
    for said in ("model", *(f"n-gram, order {order}" for order in range(1, 7)), "accuracy"):
        assert said in done.out
    assert done.out.count("best n-gram") == 1
    assert "training tunes" in done.out  # their copies, for comparison with those of solos
    assert "bethena.mid: the model was trained on this file" in done.err


def test_leave_one_out_evaluation_reports_each_tune_and_all(command, rags):
    done = command(EVALUATE, "--leave-one-out", *rags[3:6], "--epochs", 1)
    assert done.status == 0, done.err
    for title in ("peacherine-rag", "pineapple-rag", "solace", "all, each left out"):
        assert title in done.out
    assert "tune 3/3" in done.err


def test_leave_one_out_evaluation_refuses_a_model(refuses, rags):
    said = refuses(
        EVALUATE, "--leave-one-out", pretrained_model("ragtime"), *rags[3:6], "--epochs", 1
    )
    assert "leave the model out" in said


def test_evaluate_refuses_two_models(refuses):
    assert "one model" in refuses(EVALUATE, pretrained_model("ragtime"), "other.keras")


def test_json_output_of_evaluate_needs_a_solo(refuses):
    assert "--copies" in refuses(EVALUATE, pretrained_model("ragtime"), "--json")


def test_leave_one_out_evaluation_needs_three_tunes(refuses, rags):
    assert "at least three tunes" in refuses(EVALUATE, "--leave-one-out", *rags[3:5])


def test_training_stops_when_the_held_out_loss_no_longer_improves(command, rags, tmp_path):
    done = command(
        TRAIN, rags[3], "--held-out", rags[4], "--patience", 2, "--epochs", 60, "--n-a", 24,
        "--learning-rate", 0.05, "--out", tmp_path,
    )  # fmt: skip
    assert done.status == 0, done.err
    rows = (tmp_path / "history.csv").read_text().splitlines()
    assert rows[0] == "epoch,loss,accuracy,held_out_loss,seconds"
    held_out = [float(row.split(",")[3]) for row in rows[1:]]
    best = held_out.index(min(held_out))
    assert len(held_out) == best + 1 + 2 < 60
    assert (
        f"held-out loss {held_out[best]:.3f} nats per value, with the weights of epoch {best + 1}"
        in (" ".join(done.err.split()))
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--patience", 2), "patience needs held-out music (--patience, --held-out)"),
        (
            ("--preset", "bebop"),
            "--preset must be auto, course, small, ragtime or jazz, not 'bebop'",
        ),
    ],
)
def test_impossible_settings_of_a_training_are_refused(refuses, rags, tmp_path, arguments, message):
    assert message in refuses(TRAIN, rags[3], "--out", tmp_path / "run", *arguments)
