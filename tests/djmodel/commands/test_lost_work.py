"""Nothing that a user made is lost: models, solos and pages are replaced only on demand."""

import pytest
from helpers.made_models import Made

from djmodel.model.model_file import load

TRAIN, GENERATE = "djmodel.train", "djmodel.generate"


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def model(tmp_path):
    return Made.whole().write(tmp_path / "model.keras")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def weights(path):
    return [array.tobytes() for array in load(path).weights.arrays]


# --- trainings -------------------------------------------------------------------------------


def short(rags, out, epochs, *options):
    words = [rags[0], "--preset", "course", "--n-a", 8, "--m", 4, "--tx", 8]
    return [TRAIN, *words, "--out", out, "--epochs", epochs, *options]


def test_a_finished_training_says_so_and_continues_to_more_epochs_with_the_same_bits(
    command, refuses, rags, tmp_path
):
    assert command(*short(rags, "run", 3)).status == 0
    assert names(tmp_path / "run") == [
        "finished.npz", "history.csv", "loss.png", "model.keras", "solo.mid",
    ]  # fmt: skip
    before = (tmp_path / "run" / "model.keras").read_bytes()
    done = command(*short(rags, "run", 3, "--resume"))
    assert done.status == 0
    said = "the training of run/model.keras is finished, after 3 epochs; nothing is left to resume"
    assert said in done.err
    assert (tmp_path / "run" / "model.keras").read_bytes() == before
    line = refuses(*short(rags, "run", 5, "--resume", "--learning-rate", 0.5))
    assert "run/finished.npz: the checkpoint is of a training with" in line.split("error: ")[-1]
    assert (tmp_path / "run" / "model.keras").read_bytes() == before
    done = command(*short(rags, "run", 5, "--resume"))
    assert done.status == 0, done.err
    assert "epoch 5/5" in done.err
    assert "held out" not in done.err
    assert command(*short(rags, "whole", 5)).status == 0
    assert weights("run/model.keras") == weights("whole/model.keras")
    assert (tmp_path / "run/solo.mid").read_bytes() == (tmp_path / "whole/solo.mid").read_bytes()
    assert load("run/model.keras").config.trainer.epochs == 5


def test_a_training_whose_rate_falls_to_zero_is_not_continued(command, refuses, rags, tmp_path):
    words = [TRAIN, rags[0], "--preset", "ragtime", "--n-a", 8, "--m", 4, "--tx", 8, "--out", "run"]
    assert command(*words, "--epochs", 2).status == 0
    before = (tmp_path / "run" / "model.keras").read_bytes()
    assert "after 2 epochs" in command(*words, "--epochs", 2, "--resume").err
    line = refuses(*words, "--epochs", 3, "--resume")
    assert "cannot be continued to 3, because its learning rate falls to 0" in line
    assert (tmp_path / "run" / "model.keras").read_bytes() == before


def test_an_interrupted_training_is_not_discarded_by_one_that_is_not_resumed(
    refuses, rags, tmp_path
):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoint.npz").write_bytes(b"hours of work")
    line = refuses(*short(rags, "run", 2))
    assert "the training in run was interrupted; resume it, or start it anew (--resume" in line
    assert (tmp_path / "run" / "checkpoint.npz").read_bytes() == b"hours of work"
    line = refuses(*short(rags, "run", 2, "--resume", "--overwrite"))
    assert "a training is resumed, or started anew; leave one out (--resume, --overwrite)" in line


def test_a_solo_in_the_folder_of_a_training_is_not_replaced(refuses, rags, tmp_path):
    (tmp_path / "solo.mid").write_bytes(b"my best solo")
    assert "solo.mid is there already" in refuses(*short(rags, ".", 1))
    assert (tmp_path / "solo.mid").read_bytes() == b"my best solo"


# --- solos and pages -------------------------------------------------------------------------


def test_a_second_solo_has_a_name_of_its_own(command, model, tmp_path):
    for _ in range(2):
        assert command(GENERATE, model, "--bars", 2, "--wav").status == 0
    assert command(GENERATE, model, "--bars", 2, "--count", 2).status == 0
    assert command(GENERATE, model, "--bars", 2, "--count", 2).status == 0
    # solo-1.mid and solo-2.mid would be the names of two solos, but the second is taken
    assert names(tmp_path) == sorted([
        "model.keras", "solo.mid", "solo.wav", "solo-2.mid", "solo-2.wav",
        "solo-2-1.mid", "solo-2-2.mid", "solo-3-1.mid", "solo-3-2.mid",
    ])  # fmt: skip


@pytest.mark.parametrize("option", ["--out", "--score", "--picture", "--html"])
def test_a_file_that_is_named_is_replaced_only_on_demand(command, refuses, model, option, tmp_path):
    name = {"--out": "a.mid", "--html": "a.html"}.get(option, "a.svg")
    (tmp_path / name).write_text("mine")
    words = [GENERATE, model, "--bars", 2, option, name]
    line = refuses(*words)
    assert f"{name} is there already; choose another name, or replace it (--overwrite)" in line
    assert (tmp_path / name).read_text() == "mine"
    assert command(*words, "--overwrite").status == 0
    assert (tmp_path / name).read_bytes() != b"mine"


def test_a_sound_is_replaced_only_on_demand(command, refuses, model, tmp_path):
    assert command(GENERATE, model, "--bars", 2).status == 0
    (tmp_path / "solo.wav").write_text("mine")
    assert "solo.wav is there already" in refuses("djmodel.render", "solo.mid")
    assert (tmp_path / "solo.wav").read_text() == "mine"
    assert command("djmodel.render", "solo.mid", "--overwrite").status == 0
    assert (tmp_path / "solo.wav").read_bytes()[:4] == b"RIFF"


def test_a_report_has_a_new_name_and_replaces_a_named_one_on_demand(
    command, refuses, monkeypatch, tmp_path
):
    class Page:
        def html(self, _):
            return "a page"

        def json(self):
            return "{}"

    monkeypatch.setattr("djmodel.evaluation.report.make_report", lambda *_, **__: Page())
    (tmp_path / "report.json").write_text("mine")
    words = ["djmodel.report", "--count", 1, "--bars", 8]
    assert command(*words).out == "report-2.html\nreport-2.json\n"
    assert "report.json is there already" in refuses(*words, "--out", "report.html")
    assert (tmp_path / "report.json").read_text() == "mine"
    assert command(*words, "--out", "report.html", "--overwrite").status == 0
    assert (tmp_path / "report.json").read_text() == "{}"
    assert names(tmp_path) == ["report-2.html", "report-2.json", "report.html", "report.json"]
