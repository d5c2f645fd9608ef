"""Regeneration of a solo: from the provenance in its MIDI file, in another process, in any
batch."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import mido
import numpy as np
import pytest

from djmodel.config import GenerationConfig, TrainingConfig
from djmodel.inputs.reader import read_tune
from djmodel.model.model_file import load
from djmodel.model.provenance import Provenance, read_provenance, solo_in
from djmodel.model.solos import generate_solos, performance_of
from djmodel.model.training import fit
from djmodel.music.changes import parse_changes
from djmodel.outputs.midi import midi_bytes, performance_bytes
from seqmodel.errors import FileError, InputError
from seqmodel.sampling.config import SamplingConfig
from seqmodel.training.config import TrainerConfig

GENERATE, EVALUATE = "djmodel.generate", "djmodel.evaluate"


@pytest.fixture(scope="module")
def model(tmp_path_factory, rags):
    return trained(tmp_path_factory.mktemp("model") / "model.keras", rags)


def trained(path, rags, seed=0):
    tunes = [read_tune(rag).excerpt(1, 24) for rag in rags[3:5]]
    fit(tunes, TrainingConfig(tx=16, n_a=24, trainer=TrainerConfig(epochs=2, seed=seed))).save(path)
    return path


def test_a_new_process_writes_the_same_bytes_for_any_count(command, model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = [model, "--seed", 7, "--changes", "Dm7 | G7 | Cmaj7 | %", "--choruses", 4]
    command(GENERATE, *options, "--out", "0.mid")
    command(GENERATE, *options, "--count", 3, "--out", "1.mid")
    words = [sys.executable, "-m", GENERATE, *map(str, options), "--count", "12", "--out", "2.mid"]
    subprocess.run(words, env=os.environ | {"PYTHONHASHSEED": "2"}, check=True)
    alone = (tmp_path / "0.mid").read_bytes()
    assert alone == (tmp_path / "1-1.mid").read_bytes() == (tmp_path / "2-1.mid").read_bytes()
    assert (tmp_path / "1-3.mid").read_bytes() == (tmp_path / "2-3.mid").read_bytes() != alone


def test_solos_among_the_music_to_train_on_are_named(command, model, rags, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command(GENERATE, model, "--bars", 4, "--seed", 1)
    shutil.copy(rags[3], tmp_path)
    for words in (["corpus", "build", "--jobs", "1"], ["inspect"]):
        done = command(f"djmodel.{words[0]}", *words[1:], ".")
        said = " ".join((done.out + done.err).split())
        assert done.status == 0, said
        assert re.search(
            r"solo.mid:? +used: 4 bars, \d+ values; a solo that a model generated", said
        )
        assert said.count("a solo that a model generated") == 1


def test_every_solo_is_bit_for_bit_the_same_for_any_count(model):
    loaded = load(model)
    config = GenerationConfig(seed=3, bars=8)
    many = generate_solos(loaded, config, 70)
    for count in (1, 2, 8, 9, 33, 65):
        assert generate_solos(loaded, config, count) == many[:count]
    for count in (2, 65):
        assert generate_solos(loaded, config, count, skip=count - 1) == many[count - 1 : count]


def test_the_midi_file_holds_its_provenance(command, model, tmp_path):
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
def test_solos_are_regenerated(command, model, rags, tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    shutil.copy(rags[2], "music.mid")
    assert command(GENERATE, model, *options, "--seed", 5, "--count", 2).status == 0
    done = command(GENERATE, model, "--like", "solo-2.mid", "--out", "again.mid")
    assert done.status == 0
    assert "the same" in done.out
    assert (tmp_path / "again.mid").read_bytes() == (tmp_path / "solo-2.mid").read_bytes()


def test_a_changed_solo_is_reported_as_not_the_same(command, model, tmp_path):
    out = tmp_path / "solo.mid"
    command(GENERATE, model, "--bars", 4, "--out", out)
    content = bytearray(out.read_bytes())
    content[-20] ^= 1
    out.write_bytes(content)
    done = command(GENERATE, model, "--like", out)
    assert done.status == 1
    assert "differs from byte" in done.out


def test_a_repeated_training_gives_the_same_model(command, model, rags, tmp_path):
    again = trained(tmp_path / "again.keras", rags)
    assert again.read_bytes() != model.read_bytes()  # the dates in it
    command(GENERATE, model, "--bars", 2, "--out", tmp_path / "solo.mid")
    assert "the same" in command(GENERATE, again, "--like", tmp_path / "solo.mid").out


def test_a_solo_that_cannot_be_regenerated_is_refused(
    command, refuses, model, rags, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    shutil.copy(rags[2], "music.mid")
    command(GENERATE, model, "--over", "music.mid", "--bars", 2)
    other = trained(tmp_path / "other.keras", rags, seed=1)
    assert "made by another model" in refuses(GENERATE, other, "--like", "solo.mid")
    assert "does not say how it was made" in refuses(GENERATE, model, "--like", "music.mid")
    shutil.copy(rags[0], "music.mid")
    assert "the music has changed" in refuses(GENERATE, model, "--like", "solo.mid")
    (tmp_path / "music.mid").unlink()
    assert "is missing" in refuses(GENERATE, model, "--like", "solo.mid")


def copies_by_evaluate(command, model, solo, *options):
    found = json.loads(command(EVALUATE, model, "--copies", solo, "--json", *options).out)
    values = found["values"]
    return values["length"], values["title"], values["title_bar"]


def test_copies_in_a_generated_solo_are_measured_on_its_generated_values(
    command, model, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    other_by_notes = 0
    for seed in range(4):
        done = command(
            GENERATE,
            model,
            "--changes",
            "blues-in-F",
            "--seed",
            seed,
            "--out",
            "solo.mid",
            "--overwrite",
        )
        copy = re.search(r"longest copy: (\d+) values as in (\S+), bar (\d+)", done.err).groups()
        length, title, bar = copies_by_evaluate(command, model, "solo.mid")
        assert (str(length), title, str(bar)) == copy
        by_notes = copies_by_evaluate(command, model, "solo.mid", "--melody-part", 1)
        other_by_notes += by_notes != (length, title, bar)
    assert other_by_notes


def test_copies_in_other_music_are_measured_on_its_notes(
    command, refuses, model, rags, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    command(GENERATE, model, "--changes", "blues-in-F")
    other = trained(tmp_path / "other.keras", rags, seed=1)
    assert solo_in("solo.mid", load(model)).values
    assert solo_in("solo.mid", load(other)) is None
    assert copies_by_evaluate(command, other, "solo.mid")[0] > 0
    assert "made by a model that is not bundled" in refuses(EVALUATE, "--copies", "solo.mid")
    content = bytearray((tmp_path / "solo.mid").read_bytes())
    content[-20] ^= 1
    (tmp_path / "solo.mid").write_bytes(content)
    assert solo_in("solo.mid", load(model)) is None


def test_copies_in_a_solo_that_takes_long_to_regenerate_are_measured_on_its_notes(
    model, tmp_path, monkeypatch
):
    loaded, path = load(model), tmp_path / "solo.mid"
    config = GenerationConfig(changes="C | F", choruses=2)
    text = Provenance(config, 3, loaded.identity, {}, {}).text
    solo = generate_solos(loaded, config, 3)[-1]
    path.write_bytes(performance_bytes(performance_of(solo.tune, config), text))
    assert solo_in(path, loaded)
    # the third solo of four bars takes twelve, of 48 quarters
    monkeypatch.setattr("djmodel.model.provenance.MAX_QUARTERS", 47)
    assert solo_in(path, loaded) is None


def test_different_versions_of_packages_are_named(command, model, tmp_path):
    out = tmp_path / "solo.mid"
    command(GENERATE, model, "--bars", 2, "--out", out)
    provenance, _ = read_provenance(out)
    older = replace(provenance, versions=provenance.versions | {"numpy": "1.2.3"})
    [solo] = generate_solos(load(model), provenance.config)
    played = performance_of(solo.tune, provenance.config)
    out.write_bytes(performance_bytes(played, older.text))
    done = command(GENERATE, model, "--like", out)
    assert done.status == 0
    assert f"numpy 1.2.3 (now {np.__version__})" in done.err


PROVENANCE = Provenance(
    GenerationConfig(
        over="a b.mid",
        chord_part=("2", "Bass"),
        sampling=SamplingConfig(top_p=0.1 + 0.2),
        seed=9,
        bars=7,
    ),
    3,
    "ab" * 32,
    {"a b.mid": "cd" * 32},
    {"numpy": "2"},
)


def midi_with(text, path):
    path.write_bytes(midi_bytes(parse_changes("C | F"), text))
    return path


def test_the_text_in_a_midi_file_holds_the_whole_provenance(tmp_path):
    path = midi_with(PROVENANCE.text, tmp_path / "solo.mid")
    assert read_provenance(path) == (PROVENANCE, PROVENANCE.text)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 9}, "format 9, but this version reads 1"),
        ({"settings": {"seed": 1, "colour": "blue"}}, "setting 'colour' is unknown"),
        ({"settings": {"seed": True}}, "Expected `int`, got `bool`"),
        ({"settings": {"top_p": 3}}, "top p must be"),
        ({"settings": {"changes": "C", "over": "a.mid"}}, "one tune, or over written changes"),
        ({"solo": 0}, ">= 1"),
        ({"solo": 10**9}, "<= "),
        ({"files": ["a.mid"]}, "Expected `object`"),
        ({"model": None}, "Expected `str`"),
    ],
    ids=str,
)
def test_a_damaged_text_in_a_midi_file_is_refused(changes, message, tmp_path):
    text = json.dumps(json.loads(PROVENANCE.text) | changes)
    with pytest.raises(FileError, match=re.escape(message)):
        read_provenance(midi_with(text, tmp_path / "solo.mid"))


@pytest.mark.parametrize("text", ["", "[" * 10**5, '{"made by": 1}', "a remark"])
def test_another_text_in_a_midi_file_is_not_a_provenance(text, tmp_path):
    with pytest.raises(FileError, match="does not say how it was made"):
        read_provenance(midi_with(text, tmp_path / "solo.mid"))


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
def test_settings_that_exclude_each_other_are_refused(settings):
    with pytest.raises(InputError):
        GenerationConfig(**settings)
