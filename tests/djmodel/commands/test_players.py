"""The bundled jazz model: the default of `generate`, and solos in the manner of its players."""

import re
from dataclasses import replace

import pytest

from djmodel.config import GenerationConfig
from djmodel.inputs.reader import read_tune
from djmodel.inputs.wjazzd.solos import bundled_file
from djmodel.model.model_file import load, pretrained_model
from djmodel.model.solos import changes_of
from djmodel.music.instruments import soloist
from djmodel.presets import PRESETS
from seqmodel import model_file
from seqmodel.files import sha256_of_file

GENERATE = "djmodel.generate"
BLUES = ("--changes", "blues-in-F", "--seed", 3)


@pytest.fixture(scope="module")
def jazz():
    return load(pretrained_model("jazz"))


def test_the_bundled_jazz_model_is_small_and_was_trained_on_the_bundled_solos(jazz):
    assert pretrained_model("jazz").stat().st_size < 2_000_000
    assert jazz.sources == {bundled_file().name: sha256_of_file(bundled_file())}
    assert jazz.config == PRESETS["jazz"]
    assert jazz.config.adaptation > 0
    card = pretrained_model("jazz").with_name("jazz.md").read_text(encoding="utf-8")
    assert "Contains information from the Weimar Jazz Database" in card


def test_generate_plays_jazz_on_a_tenor_saxophone_by_default(command, tmp_path):
    command(GENERATE, *BLUES, "--out", tmp_path / "solo.mid")
    command(GENERATE, "jazz", *BLUES, "--out", tmp_path / "named.mid")
    assert (tmp_path / "named.mid").read_bytes() == (tmp_path / "solo.mid").read_bytes()
    assert read_tune(tmp_path / "solo.mid").instrument.name == "Tenor Sax"


def test_a_player_plays_in_the_range_of_the_players_instrument(command, tmp_path):
    out = tmp_path / "miles.mid"
    command(GENERATE, *BLUES, "--choruses", 3, "--player", "miles davis", "--out", out)
    solo = read_tune(out)
    trumpet = soloist("trumpet")
    assert solo.instrument == trumpet.instrument
    pitches = [note.pitch for note in solo.melody_notes()]
    assert trumpet.lowest <= min(pitches) <= max(pitches) <= trumpet.highest


def test_a_last_name_is_the_player(command, tmp_path):
    for name in ("Miles Davis", "davis"):
        command(GENERATE, *BLUES, "--player", name, "--out", tmp_path / f"{name}.mid")
    solos = [read_tune(tmp_path / f"{name}.mid") for name in ("Miles Davis", "davis")]
    assert solos[0] == solos[1]
    assert (solos[0].performer, solos[0].feel, solos[0].generated) == ("Miles Davis", "swing", True)


def test_the_players_of_one_last_name_are_listed(refuses):
    said = refuses(GENERATE, *BLUES, "--player", "coleman")
    assert (
        "'coleman' may be Coleman Hawkins, George Coleman, Ornette Coleman or Steve Coleman" in said
    )


def test_the_tune_that_a_solo_copies_most_from_is_named(jazz, command, tmp_path):
    done = command(GENERATE, *BLUES, "--out", tmp_path / "solo.mid")
    source = re.search(r"longest copy: \d+ values as in (.*?)(, bar|;)", done.err)
    assert source[1] in {*(tune.title for tune in jazz.tunes), *jazz.titles}


def test_a_training_tune_is_found_by_its_title_in_any_case(jazz, command, refuses, tmp_path):
    title = jazz.tunes[3].title
    done = command(GENERATE, "--over", title.upper(), "--bars", 2, "--out", tmp_path / "solo.mid")
    assert done.status == 0, done.err
    assert f"over {title}" in done.err
    said = refuses(GENERATE, "--over", f"{title}s")
    assert title in said.partition("the nearest titles are")[2]


def test_a_word_of_several_titles_is_refused_with_all_of_them(refuses):
    said = refuses(GENERATE, "--over", "blues")
    assert "'blues' may be Blues for Blanche, Royal Garden Blues," in said


@pytest.mark.parametrize("title", ["!!!", "Blues!", ""])
def test_a_title_is_found_as_it_is_spelled(jazz, title):
    tunes = [replace(jazz.tunes[number], title=t) for number, t in enumerate(["Blues", title])]
    changes = changes_of(replace(jazz, tunes=tuple(tunes)), GenerationConfig(over=title))
    assert changes.starts == tunes[1].starts


def test_no_solo_stops_in_mid_line(command, tmp_path):
    out = tmp_path / "solo.mid"
    command(GENERATE, *BLUES, "--count", 8, "--out", out)
    for number in range(1, 9):
        tune = read_tune(tmp_path / f"solo-{number}.mid")
        last_bar = tune.starts[-2]
        half = tune.bars[-1].length / 2
        assert all(note.onset < last_bar + half for note in tune.melody_notes())


def test_an_unknown_player_is_refused_with_the_nearest_names(refuses):
    said = refuses(GENERATE, *BLUES, "--player", "Milles Davis")
    assert "knows no player 'Milles Davis'" in said
    assert "Miles Davis" in said
    assert "John Coltrane" in refuses(GENERATE, *BLUES, "--player", "coltrain")
    assert "it knows Art Pepper, " in refuses(GENERATE, *BLUES, "--player", "Zappa")


def test_the_ragtime_model_knows_no_players(refuses):
    assert "knows no players" in refuses(GENERATE, "ragtime", *BLUES, "--player", "Miles Davis")


def test_the_bundled_model_of_a_solo_is_found_and_read_once(command, tmp_path, monkeypatch):
    solo, read = tmp_path / "rag.mid", []
    assert command(GENERATE, "ragtime", "--bars", 4, "--out", solo).status == 0

    def counted(path, *others):
        read.append(path.stem)
        return load_file(path, *others)

    load_file = model_file.load
    monkeypatch.setattr(model_file, "load", counted)
    again = command(GENERATE, "--like", solo)
    assert again.status == 0, again.err
    assert "the same" in again.out
    assert command("djmodel.evaluate", "--copies", solo).status == 0
    assert read == 2 * ["jazz", "ragtime"]


def test_a_folder_of_that_name_does_not_hide_a_bundled_model(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jazz").mkdir()
    for model in ([], ["jazz"]):
        done = command(GENERATE, *model, "--changes", "C7")
        assert done.status == 0, done.err


def test_a_misspelled_model_is_refused_with_the_names_of_the_bundled_ones(refuses, tmp_path):
    said = refuses(GENERATE, "jaz", "--out", tmp_path / "solo.mid")
    assert said.endswith("the bundled models are jazz and ragtime")


def test_a_power_chord_is_taken_for_a_chord_that_the_solos_have_and_said_once(command, tmp_path):
    # No transcribed solo has a chord without a third, so that the model has not learned one.
    said = command(GENERATE, "--changes", "C5 | F | C5 | C", "--out", tmp_path / "solo.mid").err
    assert said.count("C5 is played over as a major chord") == 1
    assert "F is played over" not in said
    said = command(GENERATE, "--changes", "C | F", "--out", tmp_path / "plain.mid").err
    assert "played over as" not in said


def test_a_bundled_model_is_evaluated_by_its_name(command, tmp_path, jazz):
    command(GENERATE, *BLUES, "--out", tmp_path / "solo.mid")
    named = command("djmodel.evaluate", "jazz", "--copies", tmp_path / "solo.mid", "--json")
    path = pretrained_model("jazz")
    unnamed = command("djmodel.evaluate", "--copies", tmp_path / "solo.mid", "--json")
    assert "the model is jazz" in unnamed.err  # the solo says who made it
    by_file = command("djmodel.evaluate", path, "--copies", tmp_path / "solo.mid", "--json")
    assert named.out == by_file.out == unnamed.out
    assert load("jazz").identity == jazz.identity
    assert repr(jazz) == f"<DjModel of 381 tunes: 128 symbols, 160 units, {737708:,} parameters>"
