"""The commands, run as a user runs them."""

import csv
import json
import re
import subprocess
import sys
import zipfile

import mido
import numpy as np
import pytest
from music21 import converter

from djmodel.inputs.reader import read_tune
from djmodel.model.model_file import load
from djmodel.music.chord_symbol import chord_symbol
from djmodel.outputs.midi import write_midi

TRAIN, GENERATE, EVALUATE = "djmodel.train", "djmodel.generate", "djmodel.evaluate"


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory, rags):
    """The files of a short training on two rags, in a separate process, as from a shell."""
    folder = tmp_path_factory.mktemp("run") / "two"
    arguments = [*map(str, rags[3:5]), "--out", str(folder), "--epochs", "2", "--n-a", "16"]
    done = subprocess.run(
        [sys.executable, "-m", TRAIN, *arguments], capture_output=True, text=True, check=True
    )
    return folder, done


@pytest.fixture(scope="module")
def model(run_folder):
    return run_folder[0] / "model.keras"


def tracks(path):
    """The notes of each track that has any: (pitch, start in quarters)."""
    file = mido.MidiFile(path)
    result = []
    for track in file.tracks:
        now, notes = 0, []
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                notes.append((message.note, now / file.ticks_per_beat))
        if notes:
            result.append(notes)
    return result


# --- train -----------------------------------------------------------------------------------


def test_training_writes_four_files_and_prints_a_summary(run_folder):
    folder, done = run_folder
    names = {path.name for path in folder.iterdir()}
    assert names == {"model.keras", "history.csv", "loss.png", "solo.mid"}
    assert f"hear it: djmodel render {folder}/solo.mid" in done.stderr
    written = ("model.keras", "history.csv", "loss.png", "solo.mid")
    assert done.stdout.splitlines() == [f"{folder}/{name}" for name in written]
    for said in (
        "peacherine-rag",
        "used: 89 bars",
        "epoch 1/2",
        "share folded",
        "parameters",
        "final loss",
        "hear it:",
    ):
        assert said in done.stderr
    for chatter in ("oneDNN", "cuda", "absl", "WARNING", "Traceback"):
        assert chatter not in done.stderr


def test_the_history_has_a_line_for_each_epoch(run_folder):
    with (run_folder[0] / "history.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert float(rows[1]["loss"]) < float(rows[0]["loss"]) < np.log(90) * 1.1


def test_the_model_file_records_its_training_music(run_folder, rags):
    made = load(run_folder[0] / "model.keras")
    assert made.config.trainer.epochs == 2
    assert set(made.sources) == {path.name for path in rags[3:5]}
    assert "keras" in made.versions
    assert made.weights.units == 16


def test_the_first_solo_is_over_the_first_tune(run_folder, rags):
    source = read_tune(rags[3])
    melody, accompaniment = tracks(run_folder[0] / "solo.mid")
    asked = sorted((n.pitch, float(n.onset)) for part in source.accompaniment for n in part.notes)
    assert sorted(accompaniment) == asked
    assert melody != [(n.pitch, float(n.onset)) for n in source.melody_notes()]


@pytest.mark.usefixtures("uncompiled_keras")
def test_training_on_chosen_parts_and_bars_with_a_tempo(command, rags, tmp_path):
    done = command(
        TRAIN, rags[0], "--out", tmp_path, "--epochs", 1, "--n-a", 8, "--bars", "1:20",
        "--melody-part", "1", "--chord-part", "2", "--tempo", 77, "--graph", "unrolled", "--tx", 5,
        "--preset", "course", "--held-out", rags[1],
    )  # fmt: skip
    assert done.status == 0
    assert "preset course" in done.err
    assert "is held out, but trained on as well" not in done.err
    assert "bars              20" in done.err
    tempos = [m.tempo for m in mido.MidiFile(tmp_path / "solo.mid") if m.type == "set_tempo"]
    assert [round(mido.tempo2bpm(tempo)) for tempo in tempos] == [77]


def test_the_same_training_in_another_process_gives_the_same_model_bit_for_bit(
    command, model, rags, tmp_path
):
    done = command(TRAIN, *rags[3:5], "--out", tmp_path, "--epochs", 2, "--n-a", 16)
    assert done.status == 0
    ours, theirs = load(tmp_path / "model.keras"), load(model)
    pairs = zip(ours.weights.arrays, theirs.weights.arrays, strict=True)
    assert all((a == b).all() for a, b in pairs)
    # and so the same solo, but for the model's name in it
    made = [mido.MidiFile(folder / "solo.mid") for folder in (tmp_path, model.parent)]
    notes = [[m for m in file if not m.is_meta] for file in made]
    assert notes[0] == notes[1]


# --- generate --------------------------------------------------------------------------------


def test_a_solo_over_a_file_keeps_tempo_meter_and_accompaniment(command, model, rags, tmp_path):
    out = tmp_path / "solo.mid"
    options = ["--over", rags[0], "--bars", 12, "--humanize", 0]
    assert command(GENERATE, model, *options, "--out", out).status == 0
    score = converter.parse(out)
    # Bethena is a waltz
    assert score.recurse().getElementsByClass("TimeSignature").first().ratioString == "3/4"
    assert len(score.parts) == 2
    source = read_tune(rags[0]).excerpt(1, 12)
    written = read_tune(out)
    assert written.length == source.length
    assert [t.bpm for t in written.tempos] == pytest.approx([t.bpm for t in source.tempos])
    asked = [(n.pitch, float(n.onset)) for part in source.accompaniment for n in part.notes]
    assert sorted(tracks(out)[1]) == sorted(asked)


def test_music_to_play_over_is_read_once_also_for_sound(
    command, model, rags, tmp_path, monkeypatch
):
    read = []

    def counted(path, **options):
        read.append(path)
        return read_tune(path, **options)

    monkeypatch.setattr("djmodel.inputs.reader.read_tune", counted)
    options = ["--over", rags[0], "--bars", 1, "--wav", "--out", tmp_path / "solo.mid"]
    assert command(GENERATE, model, *options).status == 0
    assert read == [str(rags[0])]


def test_a_solo_over_a_piece_of_music21_s_corpus(command, model, tmp_path):
    done = command(GENERATE, model, "--music21", "bach/bwv66.6", "--out", tmp_path / "solo.mid")
    assert done.status == 0, done.err
    assert "10 bars over bwv66.6" in done.err
    assert len(read_tune(tmp_path / "solo.mid").bars) == 10


def test_eight_solos_are_eight_files_and_all_different(command, model, tmp_path):
    done = command(GENERATE, model, "--count", 8, "--out", tmp_path / "solo.mid", "--bars", 16)
    assert done.status == 0
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == [f"solo-{n}.mid" for n in range(1, 9)]
    assert len({tuple(tracks(path)[0]) for path in files}) == 8


def test_stdout_names_the_files_written_for_the_next_command(command, model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("solo.mid", "solo-2.mid"):  # the default name is a new one each time
        assert command(GENERATE, model, "--bars", 2).out == f"{name}\n"
    rendered = command("djmodel.render", "solo-2.mid", "--out", "a.wav")
    assert rendered.out == "a.wav\n"
    assert "seconds of sound" in rendered.err


def test_seeds_repeat_a_solo(command, model, tmp_path):
    def solo(seed, name):
        command(GENERATE, model, "--seed", seed, "--out", tmp_path / name, "--bars", 8)
        return (tmp_path / name).read_bytes()

    assert solo(3, "a.mid") == solo(3, "b.mid") != solo(4, "c.mid")


def test_without_a_seed_each_solo_is_new_and_its_seed_is_printed(command, model, tmp_path):
    said = [
        command(GENERATE, model, "--bars", 8, "--out", tmp_path / f"{n}.mid").err for n in range(3)
    ]
    solos = [(tmp_path / f"{n}.mid").read_bytes() for n in range(3)]
    assert len(set(solos)) == 3
    seed = re.search(r"--seed (\d+) makes the same again", said[0])[1]
    done = command(GENERATE, model, "--bars", 8, "--seed", seed, "--out", tmp_path / "again.mid")
    assert "makes the same again" not in done.err
    assert (tmp_path / "again.mid").read_bytes() == solos[0]
    assert command(GENERATE, model, "--like", tmp_path / "1.mid").status == 0


def test_a_chart_from_a_file_is_kept_in_the_solo_and_has_a_title(command, model, tmp_path):
    chart, out = tmp_path / "chart.txt", tmp_path / "solo.mid"
    chart.write_text("Dm7 | G7\nCmaj7 | %\n")
    done = command(GENERATE, model, "--changes", chart, "--title", "Two five", "--out", out)
    assert done.status == 0, done.err
    assert "4 bars over Two five" in done.err
    chart.unlink()
    assert command(GENERATE, model, "--like", out).status == 0


def test_bars_are_counted_from_the_beginning_of_the_changes(command, model, tmp_path):
    """Bars 3 to 6 of a chart of four bars: its last two, and its first two again."""
    chart = ["--changes", "Dm7 | G7 | Cmaj7 | A7", "--style", "block"]

    def chords(*options):
        out = tmp_path / f"{len(options)}{options[-1]}.mid".replace(":", "-")
        assert command(GENERATE, model, *chart, *options, "--out", out).status == 0
        return [chord_symbol(bar.changes[0].chord) for bar in read_tune(out).bars]

    assert chords("--bars", "3:6") == ["Cmaj7", "A7", "Dm7", "G7"]
    assert chords("--bars", "2") == chords("--bars", "1:2") == ["Dm7", "G7"]
    assert command(GENERATE, model, "--like", tmp_path / "23-6.mid").status == 0


def test_a_solo_over_written_changes(command, model, tmp_path):
    out = tmp_path / "solo.mid"
    done = command(
        GENERATE, model, "--changes", "Dm7 G7 | Cmaj7 | %", "--meter", "3/4", "--choruses", 2,
        "--tempo", 140, "--out", out,
    )  # fmt: skip
    assert done.status == 0
    written = read_tune(out)
    assert len(written.bars) == 6
    assert {str(bar.meter) for bar in written.bars} == {"3/4"}
    assert written.tempos[0].bpm == pytest.approx(140, abs=0.01)
    assert written.accompaniment


@pytest.mark.parametrize(
    "choice",
    [["--greedy"], ["--temperature", 0.5], ["--top-k", 3], ["--top-p", 0.5], ["--tidy"]],
)
def test_each_sampling_option_gives_a_solo(command, model, tmp_path, choice):
    out = tmp_path / "solo.mid"
    assert command(GENERATE, model, *choice, "--bars", 4, "--out", out).status == 0
    assert tracks(out)


def test_a_solo_with_a_primer_or_a_given_rhythm(command, model, rags, tmp_path):
    def solo(*options):
        out = tmp_path / "solo.mid"
        options = ["--over", rags[0], "--bars", 6, "--humanize", 0, *options]
        outcome = command(GENERATE, model, *options, "--out", out, "--overwrite")
        assert outcome.status == 0, outcome.err
        return tracks(out)[0]

    assert solo("--primer", rags[1], "--primer-bars", "1:4")
    lick = "C,0.500 S,0.250,<P4,m-2> C,0.250,<P4,m-2> C,2.000,<P4,m-2>"
    onsets = [onset for _, onset in solo("--primer-values", lick, "--with-primer")]
    assert onsets[:4] == [0, 0.5, 0.75, 1]
    kept = solo("--keep-rhythm")
    melody = read_tune(rags[0]).excerpt(1, 6).melody_notes()
    assert [onset for _, onset in kept] == [float(note.onset) for note in melody]


def test_help_imports_nothing_heavy():
    code = """
import sys
from importlib import import_module
sys.argv = ["it", "--help"]
for name in ("train", "generate", "evaluate", "inspect", "render"):
    try:
        import_module(f"djmodel.{name}").main()
    except SystemExit as end:
        heavy = {"tensorflow", "keras", "music21", "matplotlib", "h5py"} & set(sys.modules)
        print(name, end.code or 0, heavy or "nothing heavy")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count("Usage") == 5
    assert done.stdout.count(" 0 nothing heavy\n") == 5, done.stdout


# --- evaluate --------------------------------------------------------------------------------


def test_evaluating_prints_fit_and_copying(command, model, rags, tmp_path):
    done = command(EVALUATE, model, rags[5], "--count", 1, "--temperature", 0.7)
    assert done.status == 0
    for said in ("held-out music", "n-gram", "perplexity", "longest copy", "0.7"):
        assert said in done.out
    # the same copy as that of this solo from its file
    solo = tmp_path / "solo.mid"
    assert command(GENERATE, model, "--temperature", 0.7, "--seed", 0, "--out", solo).status == 0
    said = json.loads(command(EVALUATE, model, "--copies", solo, "--json").out)["values"]
    row = rf"0\.7 .* {said['length']} values +{said['title']} +{said['overlap'][7]:.1%}"
    assert re.search(row, done.out), (row, done.out)


def test_evaluating_says_so_of_music_that_the_model_was_trained_on(command, model, rags, tmp_path):
    """By the file, or by the values: here of a copy in another file, two tones higher."""
    tune = read_tune(rags[3])
    write_midi(tune.transposed(2).excerpt(1, 40), tmp_path / "copy.mid")
    done = command(EVALUATE, model, rags[3], tmp_path / "copy.mid", rags[0], "--count", 1)
    said = done.err.splitlines()
    assert any(line.startswith(f"{rags[3].name}: the model was trained on this") for line in said)
    assert any(line.startswith("copy.mid: the model was trained on ") for line in said)
    assert not any(rags[0].name in line for line in said)


# --- refused input ---------------------------------------------------------------------------


@pytest.fixture
def bad(tmp_path):
    """Files that are not what they should be, by name."""
    (tmp_path / "empty.mid").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.mid").write_text("dear diary")
    (tmp_path / "text.keras").write_text("dear diary")
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with zipfile.ZipFile(tmp_path / "damaged.keras", "w") as archive:
        archive.writestr("seqmodel.json", json.dumps({"format": 2, "cell": "lstm"}))
        archive.writestr("model.weights.h5", b"no weights")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.mid", "no such file"),
        ("empty.mid", "empty"),
        ("text.mid", "MIDI"),
        ("folder", "folder"),
    ],
)
def test_training_refuses_files_that_are_not_music(refuses, bad, name, message):
    before = sorted(bad.iterdir())
    line = refuses(TRAIN, bad / name, "--out", bad / "out")
    assert message in line
    assert name in line
    assert not list((bad / "out").glob("*"))
    assert [path for path in sorted(bad.iterdir()) if path.name != "out"] == before


def test_held_out_music_that_is_trained_on_is_pointed_out(command, rags, tmp_path):
    words = [rags[3], "--held-out", rags[3], "--epochs", 1, "--n-a", 8, "--out", tmp_path / "run"]
    done = command(TRAIN, *words)
    assert done.status == 0, done.err
    assert "preset small, for 425 values of music: 1 epoch (--preset chooses another)" in done.err
    assert "peacherine-rag is held out, but trained on as well" in done.err


def test_training_refuses_an_unknown_part(refuses, rags, tmp_path):
    line = refuses(TRAIN, rags[0], "--melody-part", "Guitar", "--out", tmp_path)
    assert "Guitar" in line
    assert "1" in line  # the parts that there are


@pytest.mark.parametrize("bars", ["0:4", "4:1", "1:9999", "a:b", "0"])
def test_training_refuses_bars_outside_the_tune(refuses, rags, tmp_path, bars):
    assert "bars" in refuses(TRAIN, rags[0], "--bars", bars, "--out", tmp_path)


def test_training_refuses_music_shorter_than_a_window(refuses, rags, tmp_path):
    line = refuses(TRAIN, rags[0], "--bars", "1:3", "--out", tmp_path)
    assert "Tx=32" in line


def test_training_refuses_a_folder_that_cannot_be_written(refuses, rags, tmp_path):
    (tmp_path / "file").touch()
    line = refuses(TRAIN, rags[0], "--out", tmp_path / "file" / "run")
    assert "the folder cannot be written" in line


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.keras", "there is no such file"),
        ("text.keras", "the file is not a model"),
        ("other.keras", "djmodel model"),
        ("damaged.keras", "the model file is damaged"),
        ("folder", "djmodel model"),
    ],
)
def test_generating_refuses_a_file_that_is_not_a_model(refuses, bad, name, message):
    line = refuses(GENERATE, bad / name, "--out", bad / "solo.mid")
    assert name in line
    assert message in line
    assert not (bad / "solo.mid").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--temperature", 0], "--temperature must be above 0"),
        (["--top-k", 0], "top-k"),
        (["--top-p", 2], "top-p"),
        (["--changes", "Dm7 | Hq7"], "Hq7"),
        (["--changes", "C", "--over", "x.mid"], "leave one out"),
        (["--changes", "C", "--meter", "four"], "four"),
        (["--over", "missing.mid"], "no such file"),
        (["--primer-values", "C,0.5 nonsense"], "nonsense"),
        (["--style", "polka"], "polka"),
    ],
)
def test_generating_refuses_settings_that_make_no_sense(refuses, model, tmp_path, options, message):
    out = tmp_path / "solo.mid"
    assert message in refuses(GENERATE, model, "--out", out, *options)
    assert not out.exists()


def test_a_file_that_is_not_a_soundfont_is_refused_before_anything_is_written(refuses, model, bad):
    out = bad / "solo.mid"
    line = refuses(GENERATE, model, "--soundfont", bad / "text.mid", "--wav", "--out", out)
    assert "SoundFont" in line
    assert not out.exists()


def test_rendering_a_truncated_file_names_the_fault(refuses, run_folder, tmp_path):
    cut = tmp_path / "cut.mid"
    cut.write_bytes((run_folder[0] / "solo.mid").read_bytes()[:300])
    line = refuses("djmodel.render", cut)
    assert "the MIDI file is cut off in track " in line
    assert line == refuses("djmodel.inspect", cut)
    assert list(tmp_path.iterdir()) == [cut]


def test_an_unexpected_error_is_one_line_and_a_traceback_only_with_debug(
    command, monkeypatch, model
):
    import djmodel.model.solos

    def broken(*_, **__):
        raise RuntimeError("broken string")

    monkeypatch.setattr(djmodel.model.solos, "improvise", broken)
    outcome = command(GENERATE, model)
    assert outcome.status == 1
    assert outcome.err.count("\n") == 1
    assert "broken string" in outcome.err
    with pytest.raises(RuntimeError, match="broken string"):
        command(GENERATE, model, "--debug")
