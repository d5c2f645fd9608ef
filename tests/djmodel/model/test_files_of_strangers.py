"""Models and solos from strangers: what loads cannot fail later or ask for endless work."""

from __future__ import annotations

import copy
import io
import json
import zipfile
from fractions import Fraction
from time import process_time

import h5py
import numpy as np
import pytest
from helpers.made_models import BAR, TUNE, Made

from djmodel.config import MAX_QUARTERS, MAX_TOTAL_QUARTERS, GenerationConfig
from djmodel.inputs.limits import Limits
from djmodel.model.model_file import load, pretrained_model
from djmodel.model.provenance import read_provenance, regenerate, solo_in
from djmodel.model.solos import changes_of, generate_solos
from djmodel.music.accompaniment import accompany
from djmodel.music.changes import parse_changes
from djmodel.music.tune_json import tune_from_json
from djmodel.outputs.midi import midi_bytes
from seqmodel.errors import FileError, InputError, ModelFileError
from seqmodel.settings import SettingError

NOTE = BAR["melody"][0]


def bar(**changes):
    return {**BAR, **changes}


TUNES = {
    "no tempo that anybody plays": {"tempos": [["0", 1e-308]]},
    "an endless tempo": {"tempos": [["0", 1e300]]},
    "a tempo before the start": {"tempos": [["-1", 120.0]]},
    "more bars than a day has": {"bars": [BAR] * 10_001},
    "a note before its bar": {"bars": [bar(melody=[[60, "-1", "1/2", 80, 0]]), BAR]},
    "a note of no length": {"bars": [bar(melody=[[60, "0", "0", 80, 0]]), BAR]},
    "a note longer than its bar": {"bars": [bar(melody=[[60, "0", "5/2", 80, 0]]), BAR]},
    "two notes at once": {"bars": [bar(melody=[NOTE, NOTE]), BAR]},
    "chords in disorder": {"bars": [bar(changes=[*BAR["changes"], *BAR["changes"]]), BAR]},
    "a bar of a day": {"bars": [bar(length="100000"), BAR]},
    "a time that no grid has": {"bars": [bar(melody=[[60, "0", "1/999983", 80, 0]]), BAR]},
    "an accompaniment before the start": {
        "accompaniment": [{"instrument": ["Piano", 0], "notes": [[60, "-3", "1", 80, 0]]}]
    },
    "an accompaniment after the end": {
        "accompaniment": [{"instrument": ["Piano", 0], "notes": [[60, "999999999", "1", 80, 0]]}]
    },
    "a third bar": {"bars": [BAR, BAR, BAR]},  # of which the sequences know nothing
    "one bar less": {"bars": [BAR]},
}


@pytest.mark.parametrize("change", TUNES.values(), ids=TUNES)
def test_a_tune_that_is_no_music_is_refused_with_its_model(tmp_path, change):
    made = Made.whole()
    made.entry["content"]["tunes"] = [{**TUNE, **change}]
    with pytest.raises(ModelFileError, match="the model file is damaged"):
        load(made.write(tmp_path / "model.keras"))


def test_a_layer_without_units_is_refused(tmp_path):
    made = Made.whole()
    made.arrays |= {
        "kernel": np.zeros((6, 0), np.float32),
        "recurrent": np.zeros((0, 0), np.float32),
        "bias": np.zeros(0, np.float32),
        "dense_kernel": np.zeros((0, 6), np.float32),
    }
    with pytest.raises(ModelFileError, match="without units"):
        load(made.write(tmp_path / "model.keras"))


def test_the_weights_of_keras_in_a_model_file_are_never_opened(tmp_path):
    # 500 data sets of 12 MB on the same bytes, and groups nested 500 deep: 67 KB that a reader of
    # HDF5 would unpack to gigabytes.
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        group = file
        for _ in range(500):
            group = group.create_group("g")
        first = file.create_dataset("0", (3 << 20,), "f4", chunks=True, compression="gzip")
        first[:] = 0
        for number in range(1, 500):
            file[str(number)] = first
    more = [("model.weights.h5", stream.getvalue()), ("config.json", b"[" * 100_000)]
    path = Made.whole().write(tmp_path / "model.keras", more=more)
    began = process_time()
    assert load(path).n_values == 4
    assert process_time() - began < 5  # not minutes


@pytest.mark.parametrize("name", ["weights.safetensors", "seqmodel.json"])
def test_an_entry_that_unpacks_to_gigabytes_is_refused(tmp_path, name):
    path = tmp_path / "model.keras"
    Made.whole().write(path)
    with zipfile.ZipFile(path) as old:
        entries = {entry: old.read(entry) for entry in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for entry, content in entries.items():
            with new.open(entry, "w", force_zip64=True) as stream:
                stream.write(content)
                for _ in range(64 if entry == name else 0):
                    stream.write(bytes(1 << 20))
    with pytest.raises(ModelFileError):
        load(path)


# --- solos -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    return load(pretrained_model("ragtime"))


@pytest.fixture
def solo(tmp_path, model):
    """A MIDI file whose text says that it is this solo."""

    def write(text=None, **changes):
        said = {
            "made by": "djmodel",
            "format": 1,
            "solo": 1,
            "settings": {"changes": "C | G7", "seed": 0},
            "model": model.identity,
            "files": {},
            "versions": {},
        }
        text = json.dumps({**said, **changes}) if text is None else text
        path = tmp_path / "solo.mid"
        path.write_bytes(midi_bytes(tune_from_json(TUNE), text))
        return path

    return write


DAMAGED = {
    "deep JSON": "[" * 200_000,
    "a deep setting": json.dumps(
        {"made by": "djmodel", "format": 1, "settings": 0, "solo": "["}
    ).replace('"["', "[" * 100_000),
    "an endless number": '{"made by": "djmodel", "format": 1, "solo": 1e999, "settings": {}}',
    "a number of 5,000 digits": f'{{"made by": "djmodel", "format": 1, "solo": {"9" * 5000}}}',
}
WRONG = {
    "no solo": {"solo": 0},
    "half a solo": {"solo": 1.5},
    "files as numbers": {"files": {"/etc/passwd": 5}},
    "files as lists": {"files": [[1, 2]]},
    "settings as a list": {"settings": []},
    "an unknown setting": {"settings": {"x" * 5000: 1}},
    "no seed": {"settings": {"seed": -1}},
    "choruses as text": {"settings": {"choruses": "many"}},
    "a temperature that is not one": {"settings": {"temperature": "NaN"}},
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_text_is_refused_in_one_line(solo, model, text):
    path = solo(text)
    with pytest.raises(FileError) as caught:
        read_provenance(path)
    assert len(str(caught.value)) < 1_000
    assert solo_in(path, model) is None


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_settings_that_no_solo_has_are_refused_when_they_are_read(solo, model, changes):
    path = solo(**changes)
    with pytest.raises(FileError, match="is damaged"):
        read_provenance(path)
    assert solo_in(path, model) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"solo": 10_000, "settings": {"choruses": 1_500, "changes": "C"}},
        {"solo": 10_000, "settings": {"bars": 100}},
    ],
)
def test_a_short_file_that_asks_for_endless_solos_is_refused_at_once(solo, model, changes):
    path = solo(**changes)
    provenance, _ = read_provenance(path)
    with pytest.raises(InputError, match=f"more than {MAX_TOTAL_QUARTERS:,}") as caught:
        regenerate(provenance, model)
    assert not isinstance(caught.value, SettingError)  # nobody has set them
    assert solo_in(path, model) is None


def test_a_file_that_is_too_short_for_the_bars_it_speaks_of_is_refused_at_once(solo, model):
    path = solo(settings={"changes": "[C | G7] x500", "seed": 0})
    provenance, _ = read_provenance(path)
    with pytest.raises(InputError, match=r"would have 1,000 bars, more than its [\d,]+ bytes"):
        regenerate(provenance, model, n_bytes=path.stat().st_size)
    assert solo_in(path, model) is None


def test_a_solo_of_another_model_is_not_generated(solo, model):
    path = solo(model="0" * 64, settings={"over": "missing.mid"})
    assert solo_in(path, model) is None


def test_all_solos_of_a_command_have_a_limit(model):
    with pytest.raises(
        SettingError, match="10,000 solos would have 2,560,000 quarter notes together"
    ):
        generate_solos(model, GenerationConfig(changes="C", bars=64), 10_000)


def test_changes_and_times_are_bounded_before_they_are_used(model):
    assert changes_of(model, GenerationConfig(changes="C x1500")).length == MAX_QUARTERS
    for config in (
        GenerationConfig(changes="C x1501"),
        GenerationConfig(changes="C", choruses=10_000),
        GenerationConfig(changes="C | F", bars="8001:9501"),
        GenerationConfig(changes="C", meter="12/8", bars=1_001),
    ):
        with pytest.raises(SettingError, match=r"at most 6,000 quarter notes, not (6,0|40,000)"):
            changes_of(model, config)


def test_bars_far_behind_are_those_of_the_last_choruses_they_need(model):
    # bar 1 of the changes comes again as bar 8001
    late = changes_of(model, GenerationConfig(changes="C | F", bars="8001:8003"))
    assert late == changes_of(model, GenerationConfig(changes="C | F", bars=3))


def test_a_primer_of_more_values_than_anybody_hears_is_refused_before_it_is_read(model):
    config = GenerationConfig(changes="C", primer_values="C,0.500 " * 4_001)
    with pytest.raises(SettingError, match="a primer has at most 4,000 values, not 4,001"):
        generate_solos(model, config)


def test_a_band_of_many_notes_is_not_repeated_beyond_the_limit(model, tmp_path):
    # eight bars of piano chords, each chorus again
    path = tmp_path / "band.mid"
    path.write_bytes(
        midi_bytes(accompany(parse_changes("Dm7 | G7 | C6 | A7 | Dm7 | G7 | C6 | C6"), "latin"))
    )
    config = GenerationConfig(over=str(path), choruses=100)
    with pytest.raises(SettingError, match="notes in 100 choruses, more than 1,000"):
        changes_of(model, config, Limits(max_notes=1_000))


def test_what_loads_is_what_was_saved():
    restored = tune_from_json(copy.deepcopy(TUNE))
    assert restored.length == Fraction(4)
