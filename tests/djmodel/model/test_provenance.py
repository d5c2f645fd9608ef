"""Making a solo again: from the text in its MIDI file, in other processes, among other solos."""

import json
import os
import re
import shutil
import subprocess
import sys

import mido
import numpy as np
import pytest

from djmodel.config import GenerationConfig, TrainingConfig
from djmodel.inputs.reader import read_tune
from djmodel.model.generation import backing_track, generate_solos
from djmodel.model.improvise import load
from djmodel.model.provenance import Provenance, read_provenance, solo_in
from djmodel.model.training import fit
from djmodel.outputs.midi import midi_bytes
from seqmodel.errors import FileError, InputError
from seqmodel.sampling.config import SamplingConfig
from seqmodel.training.config import TrainerConfig

GENERATE, REGENERATE = "djmodel.generate", "djmodel.regenerate"


@pytest.fixture(scope="module")
def model(tmp_path_factory, rags):
    return trained(tmp_path_factory.mktemp("recipe") / "model.keras", rags)


def trained(path, rags, seed=0):
    tunes = [read_tune(rag).excerpt(1, 24) for rag in rags[3:5]]
    fit(tunes, TrainingConfig(tx=16, n_a=24, trainer=TrainerConfig(epochs=2, seed=seed))).save(path)
    return path


def fresh(folder, *arguments, hash_seed="0"):
    """A command in a process of its own."""
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-m", *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    )


def test_fresh_processes_give_the_same_bytes_whatever_the_count(model, tmp_path):
    options = ["--seed", 7, "--changes", "Dm7 | G7 | Cmaj7 | %", "--choruses", 4]
    for run, count in enumerate((1, 3, 12)):
        out = ["--count", count, "--out", f"{run}.mid"]
        fresh(tmp_path, GENERATE, model, *options, *out, hash_seed=str(run))
    alone = (tmp_path / "0.mid").read_bytes()
    assert alone == (tmp_path / "1-1.mid").read_bytes() == (tmp_path / "2-1.mid").read_bytes()
    assert (tmp_path / "1-3.mid").read_bytes() == (tmp_path / "2-3.mid").read_bytes() != alone


def test_every_solo_is_the_same_to_the_last_bit_for_any_count(model):
    learned = load(model)
    config = GenerationConfig(seed=3, bars=8)
    many = generate_solos(learned, config, 70)
    for count in (1, 2, 8, 9, 33, 65):
        assert generate_solos(learned, config, count) == many[:count]


def test_the_midi_file_says_how_it_was_made(command, model, tmp_path):
    out = tmp_path / "solo.mid"
    done = command(GENERATE, model, "--seed", 2, "--temperature", 0.8, "--bars", 4, "--out", out)
    assert done.status == 0
    [text] = [m.text for m in mido.MidiFile(out).tracks[0] if m.type == "text"]
    said = json.loads(text)
    assert said["settings"] == {"seed": 2, "temperature": 0.8, "bars": 4}
    assert said["solo"] == 1
    assert len(said["model"]) == 64
    assert said["versions"]["numpy"] == np.__version__
    assert "longest copy: " in done.err


def test_a_page_has_the_same_midi_file(command, model, tmp_path):
    page, out = tmp_path / "solo.html", tmp_path / "solo.mid"
    command(GENERATE, model, "--bars", 2, "--out", out, "--html", page)
    from seqmodel.files import data_uri

    assert data_uri(out.read_bytes(), "audio/midi") in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "options",
    [
        ["--changes", "blues-in-F", "--style", "stride", "--tempo", 90.5],
        ["--over", "music.mid", "--keep-rhythm", "--greedy"],
        ["--primer", "music.mid", "--primer-bars", "1:2", "--with-primer", "--bars", 8],
        ["--primer-values", "C,0.250 R,0.333", "--tidy", "--top-k", 5, "--bars", 8],
        ["--max-copy", 3, "--top-p", 0.9, "--bars", 8],
    ],
    ids=lambda options: " ".join(map(str, options)),
)
def test_solos_are_made_again(command, model, rags, tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    shutil.copy(rags[2], "music.mid")
    assert command(GENERATE, model, *options, "--seed", 5, "--count", 2).status == 0
    done = command(REGENERATE, "solo-2.mid", model, "--out", "again.mid")
    assert done.status == 0
    assert "the same" in done.out
    assert (tmp_path / "again.mid").read_bytes() == (tmp_path / "solo-2.mid").read_bytes()


def test_a_changed_solo_is_noticed(command, model, tmp_path):
    out = tmp_path / "solo.mid"
    command(GENERATE, model, "--bars", 4, "--out", out)
    content = bytearray(out.read_bytes())
    content[-20] ^= 1
    out.write_bytes(content)
    done = command(REGENERATE, out, model)
    assert done.status == 1
    assert "not the same, from byte" in done.out


def test_the_same_training_again_is_the_same_model(command, model, rags, tmp_path):
    again = trained(tmp_path / "again.keras", rags)
    assert again.read_bytes() != model.read_bytes()  # the dates in it
    command(GENERATE, model, "--bars", 2, "--out", tmp_path / "solo.mid")
    assert "the same" in command(REGENERATE, tmp_path / "solo.mid", again).out


def test_what_cannot_be_made_again_is_said(command, refuses, model, rags, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(rags[2], "music.mid")
    command(GENERATE, model, "--over", "music.mid", "--bars", 2)
    other = trained(tmp_path / "other.keras", rags, seed=1)
    assert "the model that made it" in refuses(REGENERATE, "solo.mid", other)
    assert "says how it was made" in refuses(REGENERATE, "music.mid", model)
    shutil.copy(rags[0], "music.mid")
    assert "the music as it was" in refuses(REGENERATE, "solo.mid", model)
    (tmp_path / "music.mid").unlink()
    assert "no such file" in refuses(REGENERATE, "solo.mid", model)


def told_by_copied(command, model, solo, *options):
    said = json.loads(command("djmodel.copied", model, solo, "--json", *options).out)
    return said["values"]["length"], said["values"]["title"], said["values"]["title_bar"]


def test_copies_of_a_solo_are_those_that_were_told_when_it_was_made(
    command, model, rags, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    heard_otherwise = 0
    for seed in range(4):
        done = command(GENERATE, model, "--changes", "blues-in-F", "--seed", seed)
        told = re.search(r"longest copy: (\d+) values as in (\S+), bar (\d+)", done.err).groups()
        length, title, bar = told_by_copied(command, model, "solo.mid")
        assert (str(length), title, str(bar)) == told
        as_asked = told_by_copied(command, model, "solo.mid", "--melody-part", 1)
        heard_otherwise += as_asked != (length, title, bar)
    assert heard_otherwise
    # another model, or a solo that was changed: what is heard counts, as in any music
    other = trained(tmp_path / "other.keras", rags, seed=1)
    assert told_by_copied(command, other, "solo.mid")[0] > 0
    assert solo_in("solo.mid", load(other)) is None
    assert solo_in("solo.mid", load(model)).values
    content = bytearray((tmp_path / "solo.mid").read_bytes())
    content[-20] ^= 1
    (tmp_path / "solo.mid").write_bytes(content)
    assert solo_in("solo.mid", load(model)) is None


def test_a_file_that_would_take_long_to_make_again_is_not(model, tmp_path, monkeypatch):
    learned, path = load(model), tmp_path / "solo.mid"
    config = GenerationConfig(changes="C | F", choruses=2)
    path.write_bytes(
        midi_bytes(generate_solos(learned, config, 3)[-1].tune, origin_text(config, 3, learned))
    )
    assert solo_in(path, learned)
    monkeypatch.setattr(
        "djmodel.model.provenance.MAX_BARS", 11
    )  # the third of four bars makes twelve
    assert solo_in(path, learned) is None


def origin_text(config, number, learned):
    return Provenance(config, number, learned.identity, {}, {}).text


def test_other_versions_are_named(command, model, tmp_path):
    out = tmp_path / "solo.mid"
    command(GENERATE, model, "--bars", 2, "--out", out)
    provenance, _ = read_provenance(out)
    older = provenance._replace(versions=provenance.versions | {"numpy": "1.2.3"})
    [solo] = generate_solos(load(model), provenance.config)
    out.write_bytes(midi_bytes(solo.tune, older.text))
    done = command(REGENERATE, out, model)
    assert done.status == 0
    assert f"numpy 1.2.3 (today {np.__version__})" in done.err


def test_the_text_and_the_recipe_say_the_same(tmp_path):
    config = GenerationConfig(
        over="a b.mid",
        chord_part=("2", "Bass"),
        sampling=SamplingConfig(top_p=0.1 + 0.2),
        seed=9,
        bars=7,
    )
    provenance = Provenance(config, 3, "ab" * 32, {"a b.mid": "cd" * 32}, {"numpy": "2"})
    tune = backing_track(None, GenerationConfig(changes="C | F"))
    path = tmp_path / "solo.mid"
    path.write_bytes(midi_bytes(tune, provenance.text))
    assert read_provenance(path) == (provenance, provenance.text)
    for spoilt in ('"format": 9', '"format": 1, "settings": {"seed": 1, "colour": "blue"}'):
        text = provenance.text.replace('"format": 1', spoilt)
        text = text.replace('"settings": {"over"', '"ignored": {"over"')
        path.write_bytes(midi_bytes(tune, text))
        with pytest.raises(FileError):
            read_provenance(path)


@pytest.mark.parametrize(
    "settings",
    [
        {"over": "a.mid", "changes": "C"},
        {"keep_rhythm": True},
        {"primer": "a.mid", "primer_values": "C,1"},
        {"with_primer": True},
        {"over": "a.mid", "keep_rhythm": True, "primer": "b.mid", "with_primer": True},
        {"tempo": float("nan")},
        {"tempo": 0.0},
        {"seed": -1},
        {"bars": 10**30},
    ],
    ids=str,
)
def test_what_does_not_go_together_is_refused(settings):
    with pytest.raises(InputError):
        GenerationConfig(**settings)
