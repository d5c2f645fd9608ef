"""Model files from strangers: nothing in them is run, and a corrupted one is a typed error in one
line."""

import json
import pickle
import resource
import tracemalloc
import zipfile
from contextlib import suppress

import numpy as np
import pytest
import safetensors.numpy
from helpers.made_models import BAR, SYMBOLS, TUNE, Made
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from djmodel.model.improvise import improvise
from djmodel.model.model_file import load
from seqmodel import model_file
from seqmodel.errors import InputError, ModelFileError


@pytest.fixture
def made():
    return Made.whole()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.keras"


def refused(path) -> str:
    with pytest.raises(ModelFileError) as error:
        load(path)
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(f"{path}: the ")
    assert len(message) < 500
    return message


def content(**changes):
    return lambda entry: entry | {"content": entry["content"] | changes}


def config(**changes):
    return lambda entry: content(config=entry["content"]["config"] | changes)(entry)


def test_a_whole_file_is_read(made, path):
    model = load(made.write(path))
    assert model.vocabulary.symbols == tuple(SYMBOLS)
    assert (model.weights.kernel == made.arrays["kernel"]).all()
    assert model.config.n_a == 3
    assert model.tunes[0].title == "a tune"
    assert model.n_values == 4
    assert len(improvise(model, model.changes[0], seed=1)[0].tune.bars) == 2


def test_a_whole_number_and_its_decimal_are_the_same_setting(made, path):
    identity = load(made.write(path)).identity
    made.entry["content"]["config"]["trainer"]["decay"] = 1
    whole = load(made.write(path)).identity
    made.entry["content"]["config"]["trainer"]["decay"] = 1.0
    assert load(made.write(path)).identity == whole != identity


CORRUPTED_ENTRIES = {
    "not an object": lambda _: [],
    "unknown cell": lambda e: e | {"cell": "gnu"},
    "cell with other gates": lambda e: e | {"cell": "rnn"},
    "cell as a list": lambda e: e | {"cell": ["lstm"]},
    "no symbols": lambda e: {k: v for k, v in e.items() if k != "symbols"},
    "symbols as numbers": lambda e: e | {"symbols": [1, 2, 3, 4]},
    "symbols as one text": lambda e: e | {"symbols": "CSAX"},
    "a symbol twice": lambda e: e | {"symbols": [*SYMBOLS[:3], SYMBOLS[0]]},
    "a symbol that is not a value": lambda e: e | {"symbols": [*SYMBOLS[:3], "Q,1"]},
    "an enormous value": lambda e: e | {"symbols": [*SYMBOLS[:3], "C,99999999999999"]},
    "an enormous leap": lambda e: e | {"symbols": [*SYMBOLS[:3], "C,1,<P9999996,P9999996>"]},
    "more symbols than size": lambda e: e | {"size": 3},
    "another size": lambda e: e | {"size": 7},
    "an enormous size": lambda e: e | {"size": 10**30},
    "size as text": lambda e: e | {"size": "6"},
    "size as boolean": lambda e: e | {"size": True},
    "folded into an unknown symbol": lambda e: e | {"folded": {"C,0.750": "C,0.125"}},
    "folded as a list": lambda e: e | {"folded": [1]},
    "content as a list": lambda e: e | {"content": []},
    "no content": lambda e: e | {"content": None},
    "no config": content(config=None),
    "zero epochs": config(trainer={"epochs": 0}),
    "an unknown graph": config(graph="loop"),
    "no register": lambda e: (
        e | {"content": {k: v for k, v in e["content"].items() if k[0] != "r"}}
    ),
    "a register upside down": content(register=[72, 60]),
    "a register of texts": content(register=["a", "b"]),
    "a register above all pitches": content(register=[60, 128]),
    "no tunes": content(tunes=[], sequences=[]),
    "sequences outside the vocabulary": content(sequences=[[9]]),
    "sequences of texts": content(sequences=["abc"]),
    "positions without inputs for them": content(bar_positions=[["0"], ["0"]]),
    "positions that are not times": content(bar_positions=[["x"], ["0"]]),
    "positions in one list": content(bar_positions=[["0"]]),
    "a loss that is not a number": content(final_loss=float("nan")),
    "sources as numbers": lambda e: e | {"sources": {"a": 1}},
    "an earlier format": lambda e: e | {"format": model_file.FORMAT - 1},
    "a later format": lambda e: e | {"format": 9},
    "format as an object": lambda e: e | {"format": {"a": 1}},
    "another kind": lambda e: e | {"kind": "dinos"},
}


@pytest.mark.parametrize("corrupt", CORRUPTED_ENTRIES.values(), ids=CORRUPTED_ENTRIES)
def test_a_corrupted_entry_is_refused(corrupt, made, path):
    made.entry = corrupt(made.entry)
    refused(made.write(path))


def test_another_format_names_the_version_that_wrote_it(made, path):
    made.entry |= {"format": -3, "versions": {"djmodel": "7.5"}}
    expected = f"has model format -3, but this version reads format {model_file.FORMAT}"
    assert expected in refused(made.write(path))
    assert "the djmodel that wrote it (7.5)" in refused(path)


def test_a_model_of_names_is_not_a_model_of_solos(made, path):
    made.entry["kind"] = "dinos"
    assert "of kind 'dinos', not of kind 'djmodel'" in refused(made.write(path))


def test_a_model_saved_by_keras_itself_is_refused(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    assert "was not written by this project" in refused(path)


CORRUPTED_TUNES = {
    "title as a number": {"title": 1},
    "bars as a text": {"bars": "bars"},
    "no bars": {"bars": None},
    "a length with a billion digits": {"bars": [BAR | {"length": "1e999999999"}]},
    "an empty bar": {"bars": [BAR | {"length": "0"}]},
    "a length divided by zero": {"bars": [BAR | {"length": "1/0"}]},
    "an endless bar": {"bars": [BAR | {"length": "999999999"}]},
    "a meter of 4/0": {"bars": [BAR | {"meter": [4, 0]}]},
    "no chord": {"bars": [BAR | {"changes": []}]},
    "a chord on H": {"bars": [BAR | {"changes": [["0", "H", [0], 0, True]]}]},
    "a pitch as a text": {"bars": [BAR | {"melody": [["C", "0", "1", 80, 0]]}]},
    "a pitch above all": {"bars": [BAR | {"melody": [[999, "0", "1", 80, 0]]}]},
    "a tempo of zero": {"tempos": [["0", 0]]},
    "an unknown instrument": {"instrument": ["Piano", 1000]},
}


@pytest.mark.parametrize("changes", CORRUPTED_TUNES.values(), ids=CORRUPTED_TUNES)
def test_a_corrupted_tune_is_refused_when_the_file_is_loaded(changes, made, path):
    made.entry["content"]["tunes"] = [TUNE | changes]
    assert "damaged" in refused(made.write(path))


def test_durations_on_too_fine_a_grid_are_refused(made, path):
    made.entry["symbols"] = ["R,1/16", "R,1/17", "R,1/19", "R,1/23"]
    made.entry |= {"folded": {}}
    model = load(made.write(path))
    with pytest.raises(InputError, match="times at which a note may begin"):
        improvise(model, model.changes[0])


CORRUPTED_ARRAYS = {
    "of another shape": lambda a: a[:-1].copy(),
    "flattened": lambda a: a.ravel(),
    "transposed": lambda a: a.T.copy(),
    "a single number": lambda a: a[:1, :1].reshape(()),
    "nan": lambda a: np.where(a == a.max(), np.nan, a).astype(np.float32),
    "infinite": lambda a: np.where(a == a.max(), np.inf, a).astype(np.float32),
    "doubles": lambda a: a.astype(np.float64),
    "integers": lambda a: (a * 9).astype(np.int32),
    "empty": lambda a: a[:0].copy(),
}


@pytest.mark.parametrize("corrupt", CORRUPTED_ARRAYS.values(), ids=CORRUPTED_ARRAYS)
def test_corrupted_weights_are_refused(corrupt, made, path):
    made.arrays["kernel"] = corrupt(made.arrays["kernel"])
    refused(made.write(path))


def test_missing_and_unknown_weights_are_refused(made, path):
    made.arrays["more"] = made.arrays["bias"]
    assert "recurrent and a Dense layer" in refused(made.write(path))
    del made.arrays["more"], made.arrays["bias"]
    assert "recurrent and a Dense layer" in refused(made.write(path))


def test_a_header_that_declares_huge_weights_takes_no_memory(made, path):
    header = json.dumps(
        {"kernel": {"dtype": "F32", "shape": [10**6, 10**6], "data_offsets": [0, 4 * 10**12]}}
    ).encode()
    tracemalloc.start()
    refused(made.write(path, weights=len(header).to_bytes(8, "little") + header))
    assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    tracemalloc.stop()


@pytest.mark.parametrize("name", ["../../out", "/etc/passwd", "a/../../b", "..\\b", "C:\\x"])
def test_an_archive_with_paths_outside_its_folder_is_refused(name, made, path):
    assert "would be outside" in refused(made.write(path, more=[(name, b"x")]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_with_one_name_are_refused(made, path):
    assert "two entries" in refused(made.write(path, more=[(model_file.ENTRY, b"{}")]))


@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_zip_bomb_is_refused_without_taking_memory(packing, made, path):
    made.entry["content"]["x"] = "0" * (50 * 2**20)
    made.write(path, compress_type=packing)
    del made.entry["content"]["x"]
    tracemalloc.start()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    message = refused(path)
    assert "unpacks to more than" in message or "unknown compression" in message
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert tracemalloc.get_traced_memory()[1] < 40 * 2**20
    tracemalloc.stop()
    assert grown < 100 * 1024  # KB


@pytest.mark.parametrize(
    "text",
    [
        "[" * 10**6,
        '{"format": 3, "kind": "djmodel", "content": ' + "[" * 10**6,
        '{"format": ' + "9" * 10_000 + "}",
        "{",
        "\ud800",
        "null",
        '{"format": Infinity}',
    ],
    ids=[
        "deeply nested",
        "deeply nested content",
        "a number of 10,000 digits",
        "cut off",
        "a lone surrogate",
        "null",
        "an infinite format",
    ],
)
def test_malformed_and_deeply_nested_json_is_refused(text, made, path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(model_file.WEIGHTS, made.weights())
        archive.writestr(model_file.ENTRY, text.encode("utf-8", "surrogatepass"))
    refused(path)


class Deadly:
    def __reduce__(self):
        return pytest.fail, ("it ran",)


def test_code_in_a_model_file_is_not_run(made, path):
    lambda_layer = {"class_name": "Lambda", "config": {"function": ["__lambda__", "4wAAAA=="]}}
    more = [("config.json", json.dumps(lambda_layer)), ("data.pkl", pickle.dumps(Deadly()))]
    assert load(made.write(path, more=more)).tunes
    refused(made.write(path, weights=pickle.dumps(Deadly())))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_bytes_changed_anywhere_are_read_or_refused(data, tmp_path):
    """Bytes of the archive on disk, or of the weights, whose check sum is then correct."""
    path = tmp_path / "mutated.keras"
    made = Made.whole()
    inside = data.draw(st.booleans(), label="in the weights")
    mutated = bytearray(made.weights() if inside else made.write(path).read_bytes())
    for _ in range(data.draw(st.integers(1, 8), label="changes")):
        place = data.draw(st.integers(0, len(mutated) - 1))
        mutated[place] = data.draw(st.integers(0, 255))
    if data.draw(st.integers(0, 9), label="cut") == 0:
        del mutated[data.draw(st.integers(1, len(mutated))) :]
    if inside:
        made.write(path, weights=bytes(mutated))
    else:
        path.write_bytes(mutated)
    with suppress(InputError):
        model = load(path)
        assert all(np.isfinite(array).all() for array in model.weights.arrays)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


def paths_in(value, before=()):
    """The path to every value within a JSON value."""
    yield before
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from paths_in(value[key], (*before, key))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_model_that_loads_improvises(data, tmp_path):
    """Any JSON value in any place of the entry: the file is refused, or the model improvises."""
    made = Made.whole()
    *way, last = data.draw(st.sampled_from([place for place in paths_in(made.entry) if place]))
    holder = made.entry
    for key in way:
        holder = holder[key]
    holder[last] = data.draw(json_values)
    path = made.write(tmp_path / "mutated.keras")
    with suppress(InputError):
        model = load(path)
        improvise(model, model.changes[0], seed=0)


def test_a_model_is_saved_only_under_a_keras_suffix(made, tmp_path):
    model = load(made.write(tmp_path / "a.keras"))
    with pytest.raises(ModelFileError, match=r"must end in \.keras"):
        model.save(tmp_path / "model.h5", None)
    assert [path.name for path in tmp_path.iterdir()] == ["a.keras"]


def test_the_weights_are_stored_in_an_open_format(made, path):
    with zipfile.ZipFile(made.write(path)) as archive:
        arrays = safetensors.numpy.load(archive.read("weights.safetensors"))
    assert arrays["recurrent"].shape == (3, 12)
