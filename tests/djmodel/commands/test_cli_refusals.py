"""Settings and file names at their limits: accepted, or refused in one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.made_models import Made

GENERATE = "djmodel.generate"


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Made.whole().write(tmp_path / "model.keras")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--temperature 0", "--temperature must be above 0, not 0.0"),
        ("--temperature -1", "--temperature must be above 0"),
        ("--temperature nan", "--temperature must be above 0, not nan"),
        ("--temperature inf", "--temperature must be above 0, not inf"),
        ("--top-k 0", "--top-k must be at least 1, not 0"),
        ("--top-k -3", "--top-k must be at least 1"),
        ("--top-p 0", "--top-p must be above 0 and at most 1"),
        ("--top-p nan", "--top-p must be above 0 and at most 1"),
        ("--top-p 1.01", "--top-p must be above 0 and at most 1"),
        ("--seed -1", "--seed must be at least 0"),
        ("--seed 1.5", "Invalid value for '--seed'"),
        ("--tempo nan", "--tempo must be at least 4 and at most 1,000, not nan"),
        ("--count 0", "--count must be at least 1"),
        ("--count 99999999999", "--count must be at least 1 and at most 10,000"),
        ("--bars 99999999999", "--bars must be at least 1 and at most 10,000"),
        ("--bars 9:8", "bars must be within 1 to 10,000, the first before the last, not 9:8"),
        ("--bars 0:8", "bars must be within 1 to 10,000, the first before the last, not 0:8"),
        ("--bars " + "9" * 5000, "bars must be a number, or FROM:TO such as 9:16, not '999"),
        ("--bars half", "--bars must be a number, or FROM:TO such as 9:16, not 'half'"),
        ("--choruses 9999", "at most 6,000 quarter notes, not 39,996; take fewer choruses or bars"),
        ("--choruses 1400 --wav", "the sound of a solo would last 47 minutes, more than 30"),
        ("--count 900 --bars 99 --html a.html", "a page with 900 solos would last 1,485 minutes"),
        ("--no-such-option", "No such option"),
        ("one two", "unexpected extra argument"),
        ("--feel jazz", "--feel must be swing, latin, funk or ballad, not 'jazz'"),
        # what would have no effect
        ("--greedy --top-k 3", "greedy sampling has no top k; leave one out (--greedy, --top-k)"),
        ("--greedy --top-p 0.5", "greedy sampling has no top p"),
        ("--greedy --temperature 0.5", "greedy sampling has no temperature"),
        ("--meter 3/4", "a meter can be chosen only for written changes (--meter, --changes)"),
        ("--melody-part 1", "only when playing over a tune (--melody-part, --over, --music21)"),
        ("--changes C7 --melody-part 1", "a melody part can be chosen only when playing over"),
        ("--chord-part 1", "a chord part can be chosen only when playing over a tune"),
        ("--keep-rhythm", "a rhythm can be kept only when playing over a tune"),
        ("--with-primer", "only a solo that has a primer can begin with it"),
        ("--primer-bars 1:2", "bars can be chosen only from a primer that is a file"),
        ("--bars 2 --choruses 2", "a number of bars or a number of choruses; leave one out"),
        ("--tidy --max-copy 4", "copies cannot be limited; leave one out (--tidy, --max-copy)"),
        ("--like solo.mid --bars 2", "the settings that its file holds; give no others (--like)"),
        # names that are taken
        ("--out a.wav --wav", "a.wav: this output would overwrite another output"),
        ("--score a.svg --picture a.svg", "would overwrite another output"),
        ("--score a.svg --picture ./x/../a.svg", "would overwrite another output"),
        ("--html model.keras", "the name must end in"),
        ("--count 2 --out a.mid --html a-2.mid", "the name must end in"),
    ],
)
def test_impossible_settings_are_refused_in_one_line(options, message, refuses, model, tmp_path):
    assert message.lower() in refuses(GENERATE, model, *options.split()).lower()
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["djmodel.train", "--m", 10**30], "--m must be at least 1 and at most 10,000,000"),
        (["djmodel.train", "--tx", 10**30], "--tx must be at least 2 and at most 1,000,000"),
        (["djmodel.train", "--epochs", 10**30], "--epochs must be at least 1 and at most"),
        (["djmodel.train", "--batch-size", 10**30], "--batch-size must be at least 1 and at most"),
        (["djmodel.corpus", "build", ".", "--jobs", 10**6], "--jobs must be at least 1 and at"),
        (["dinos.train", "--made-up", 10**12], "--made-up must be at least 0 and at"),
        (["djmodel.report", "ragtime", "--count", 1, "--bars", 2000], "a solo would last"),
    ],
)  # fmt: skip
def test_numbers_that_no_machine_could_work_on_are_refused_at_once(
    words, message, command, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    outcome = command(*words)
    assert outcome.status == 2, outcome.err
    assert message in outcome.err.splitlines()[-1]


def test_memory_that_tensorflow_lacks_is_told_as_any_other(command, monkeypatch, model):
    class ResourceExhaustedError(Exception):  # as TensorFlow names it
        pass

    def no_room(*_, **__):
        raise ResourceExhaustedError("OOM when allocating tensor with shape[32768,8192]")

    monkeypatch.setattr("djmodel.model.model_file.load", no_room)
    outcome = command(GENERATE, model)
    assert outcome.status == 2
    assert outcome.err.startswith("error: there is not enough memory (OOM when allocating tensor")


def test_a_report_on_too_much_music_names_all_the_solos(command, model, tmp_path):
    outcome = command("djmodel.report", model, "--count", 10_000, "--bars", 1_000)
    assert outcome.status == 2
    line = outcome.err.splitlines()[-1]
    assert "error: 10,000 solos would have 20,000,000 quarter notes together, more than" in line
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


@pytest.mark.parametrize(
    "options",
    [
        "--temperature 1e300",
        "--temperature 1e-320",
        "--top-k 99999999999999999999999999",
        "--top-p 1e-320",
        "--top-p 1",
        "--seed 99999999999999999999999999999999",
        "--greedy",
    ],
)
def test_settings_at_their_limits_give_a_solo(options, command, model, tmp_path):
    for count in (1, 3):  # one stream and several are drawn in different ways
        for _ in range(2):
            arguments = [
                "--seed",
                0,
                *options.split(),
                "--count",
                count,
                "--out",
                f"{count}.mid",
                "--overwrite",
            ]
            outcome = command(GENERATE, model, *arguments)
            assert outcome.status == 0, outcome.err
    assert (tmp_path / "1.mid").read_bytes() == (tmp_path / "3-1.mid").read_bytes()


def test_an_output_that_is_an_input_is_refused(refuses, model, rags, tmp_path):
    music = tmp_path / "music.mid"
    music.write_bytes(rags[0].read_bytes())
    os.symlink(music, tmp_path / "link.mid")
    before = music.read_bytes()
    for out in ("music.mid", "link.mid"):
        for source in ("--over", "--primer"):
            said = refuses(GENERATE, model, source, music, "--bars", 1, "--out", out)
            assert "would overwrite an input" in said
    said = refuses("djmodel.train", music, "--out", "run", "--epochs", 1, "--checkpoint", "nan")
    assert "--checkpoint" in said
    (tmp_path / "solo.mid").write_bytes(before)
    words = "djmodel.train", "solo.mid", "--out", ".", "--overwrite"
    assert "would overwrite an input" in refuses(*words)
    assert music.read_bytes() == before


@pytest.mark.parametrize(
    "name",
    ["zażółć 🎷 歌.mid", "-.mid", "a b'c\"d.mid", "n" * 251 + ".mid", os.fsdecode(b"\xff\xfe.mid")],
    ids=["unicode", "dash", "quotes", "as long as can be", "no text"],
)
def test_a_file_may_have_any_name(name, command, model, tmp_path):
    outcome = command(GENERATE, model, "--seed", 1, "--out", f"./{name}")
    assert outcome.status == 0, outcome.err
    assert (tmp_path / name).stat().st_size > 0
    assert command(GENERATE, model, "--over", f"./{name}", "--out", "again.mid").status == 0


@pytest.mark.parametrize("option", ["--out", "--over", "--primer", "--html"])
def test_a_file_name_that_is_too_long_is_refused(option, refuses, model, tmp_path):
    name = "n" * 300 + (".html" if option == "--html" else ".mid")
    refuses(GENERATE, model, option, name)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith((".", "n"))]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has none")
def test_help_on_a_full_disk_ends_in_one_line():
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", GENERATE, "--help"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr.strip().count("\n") == 0
    assert "no space left on device" in done.stderr


def test_four_commands_at_once_give_the_same_as_one_after_another(command, model, rags, tmp_path):
    """The commands share the model, and a cache that is empty at the start."""

    def arguments(number, folder):
        chosen = ["--over", str(rags[0]), "--bars", "3", "--seed", str(number)]
        return [str(model), *chosen, "--out", str(folder / f"{number}.mid")]

    (tmp_path / "one").mkdir()
    (tmp_path / "four").mkdir()
    environment = os.environ | {"DJMODEL_CACHE": str(tmp_path / "cache")}
    started = [
        subprocess.Popen(
            [sys.executable, "-m", GENERATE, *arguments(number, tmp_path / "four")],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for process in started:
        _, said = process.communicate()
        assert process.returncode == 0, said
    for number in range(4):
        assert command(GENERATE, *arguments(number, tmp_path / "one")).status == 0
        one, four = (tmp_path / folder / f"{number}.mid" for folder in ("one", "four"))
        assert one.read_bytes() == four.read_bytes()
