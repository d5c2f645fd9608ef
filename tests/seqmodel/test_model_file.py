"""Model files of strangers: nothing in them is run, and whatever is wrong is one typed error."""

import io
import json
import pickle
import resource
import tracemalloc
import zipfile
from contextlib import suppress

import h5py
import numpy as np
import pytest
from helpers.made_models import BAR, SIZE, SYMBOLS, TUNE, UNITS, Made
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from djmodel.model.improvise import changes_of, improvise, load
from seqmodel import model_file as modelfile
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
    said = str(error.value)
    assert "\n" not in said
    assert said.startswith(f"{path}: expected ")
    assert len(said) < 500
    return said


def test_what_is_not_spoilt_is_read(made, path):
    model = load(made.write(path))
    assert model.vocabulary.symbols == tuple(SYMBOLS)
    assert (model.weights.kernel == made.arrays["layers/scan/cell/vars/0"]).all()
    assert len(improvise(model, changes_of(model)[0], seed=1)[0].tune.bars) == 2


SPOILT_ENTRIES = {
    "no object": lambda _: [],
    "a cell that is none": lambda e: e | {"cell": "gnu"},
    "a cell of other gates": lambda e: e | {"cell": "rnn"},
    "a cell that is a list": lambda e: e | {"cell": ["lstm"]},
    "no symbols": lambda e: {k: v for k, v in e.items() if k != "symbols"},
    "symbols that are numbers": lambda e: e | {"symbols": [1, 2, 3, 4]},
    "symbols as one text": lambda e: e | {"symbols": "CSAX"},
    "a symbol twice": lambda e: e | {"symbols": [*SYMBOLS[:3], SYMBOLS[0]]},
    "a symbol that is no value": lambda e: e | {"symbols": [*SYMBOLS[:3], "Q,1"]},
    "an enormous value": lambda e: e | {"symbols": [*SYMBOLS[:3], "C,99999999999999"]},
    "an enormous leap": lambda e: e | {"symbols": [*SYMBOLS[:3], "C,1,<P9999996,P9999996>"]},
    "more symbols than size": lambda e: e | {"size": 3},
    "another size": lambda e: e | {"size": 7},
    "an enormous size": lambda e: e | {"size": 10**30},
    "a size that is a text": lambda e: e | {"size": "6"},
    "a size that is true": lambda e: e | {"size": True},
    "folded into nothing": lambda e: e | {"folded": {"C,0.750": "C,0.125"}},
    "folded as a list": lambda e: e | {"folded": [1]},
    "settings as a list": lambda e: e | {"settings": []},
    "no register": lambda e: e | {"settings": {}},
    "a register upside down": lambda e: e | {"settings": {"register": [72, 60]}},
    "a register of texts": lambda e: e | {"settings": {"register": ["a", "b"]}},
    "no extra": lambda e: e | {"extra": None},
    "no tunes": lambda e: e | {"extra": {"tunes": [], "sequences": []}},
    "an earlier format": lambda e: e | {"format": modelfile.FORMAT - 1},
    "sequences of nothing known": lambda e: e | {"extra": e["extra"] | {"sequences": [[9]]}},
    "sequences of texts": lambda e: e | {"extra": e["extra"] | {"sequences": ["abc"]}},
    "sources as numbers": lambda e: e | {"sources": {"a": 1}},
    "a number that is none": lambda e: e | {"settings": e["settings"] | {"loss": float("nan")}},
    "a later format": lambda e: e | {"format": 9},
    "a format that is an object": lambda e: e | {"format": {"a": 1}},
    "another kind": lambda e: e | {"kind": "dinos"},
}


@pytest.mark.parametrize("spoil", SPOILT_ENTRIES.values(), ids=SPOILT_ENTRIES)
def test_an_entry_that_is_not_ours(spoil, made, path):
    made.entry = spoil(made.entry)
    refused(made.write(path))


def test_another_format_says_which_version_wrote_it(made, path):
    made.entry |= {"format": -3, "versions": {"djmodel": "7.5"}}
    expected = f"expected a model file of format {modelfile.FORMAT}, found format -3"
    assert expected in refused(made.write(path))
    assert "the djmodel that wrote it (7.5)" in refused(path)


SPOILT_TUNES = {
    "a title that is a number": lambda t: t | {"title": 1},
    "bars as a text": lambda t: t | {"bars": "bars"},
    "no bars": lambda t: {k: v for k, v in t.items() if k != "bars"},
    "a length of a billion digits": lambda t: t | {"bars": [BAR | {"length": "1e999999999"}]},
    "a length of nothing": lambda t: t | {"bars": [BAR | {"length": "0"}]},
    "a length that is divided by nothing": lambda t: t | {"bars": [BAR | {"length": "1/0"}]},
    "an endless bar": lambda t: t | {"bars": [BAR | {"length": "999999999"}]},
    "a meter of nothing": lambda t: t | {"bars": [BAR | {"meter": [4, 0]}]},
    "no chord": lambda t: t | {"bars": [BAR | {"changes": []}]},
    "a chord on H": lambda t: t | {"bars": [BAR | {"changes": [["0", "H", [0], 0, True]]}]},
    "a pitch that is a text": lambda t: t | {"bars": [BAR | {"melody": [["C", "0", "1", 80, 0]]}]},
    "a pitch above all": lambda t: t | {"bars": [BAR | {"melody": [[999, "0", "1", 80, 0]]}]},
    "a tempo of nothing": lambda t: t | {"tempos": [["0", 0]]},
    "an instrument that is none": lambda t: t | {"instrument": ["Piano", 1000]},
}


@pytest.mark.parametrize("spoil", SPOILT_TUNES.values(), ids=SPOILT_TUNES)
def test_a_tune_that_is_none(spoil, made, path):
    made.entry["extra"]["tunes"] = [spoil(TUNE)]
    with pytest.raises(ModelFileError, match="damaged"):
        changes_of(load(made.write(path)))


def test_bars_on_a_grid_finer_than_any_memory(made, path):
    made.entry["symbols"] = ["R,1/16", "R,1/17", "R,1/19", "R,1/23"]
    made.entry |= {"folded": {}}
    with pytest.raises(InputError, match="on one grid"):
        model = load(made.write(path))
        improvise(model, changes_of(model)[0])


KERNEL = "layers/scan/cell/vars/0"
SPOILT_ARRAYS = {
    "of another shape": lambda a: a[:-1],
    "of other dimensions": lambda a: a.ravel(),
    "turned": lambda a: a.T,
    "not a number": lambda a: np.where(a == a.max(), np.nan, a),
    "infinite": lambda a: np.where(a == a.max(), np.inf, a),
    "too large for a float32": lambda a: a.astype(np.float64) * 1e300,
    "texts": lambda a: np.array([["a"] * a.shape[1]] * a.shape[0], dtype=h5py.string_dtype()),
    "integers": lambda a: (a * 9).astype(np.int64),
    "complex": lambda a: a.astype(np.complex64),
    "records": lambda a: np.zeros(a.shape, dtype=[("x", "f4"), ("y", "O")][:1]),
    "nothing": lambda _: h5py.Empty("f4"),
}


@pytest.mark.parametrize("spoil", SPOILT_ARRAYS.values(), ids=SPOILT_ARRAYS)
def test_weights_that_are_not_ours(spoil, made, path):
    made.arrays[KERNEL] = spoil(made.arrays[KERNEL])
    refused(made.write(path))


def test_half_floats_and_doubles_are_weights(made, path):
    made.arrays[KERNEL] = made.arrays[KERNEL].astype(">f8")
    assert load(made.write(path)).weights.kernel.dtype == np.float32


SHAPE = (SIZE, 4 * UNITS)


def external(file):
    file.create_dataset(KERNEL, SHAPE, "f4", external=[("/etc/passwd", 0, 288)])


def linked(file):
    file[KERNEL] = h5py.ExternalLink("other.h5", "/x")


def virtual(file):
    layout = h5py.VirtualLayout(SHAPE, "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", SHAPE)
    file.create_virtual_dataset(KERNEL, layout)


def promised(file):
    file.create_dataset(KERNEL, (10**6, 10**6), "f4")


def packed(file):
    file.create_dataset(KERNEL, (8192, 8192), "f4", compression="gzip", data=np.zeros((8192, 8192)))


def objects(file):
    file.create_dataset(KERNEL, SHAPE, h5py.vlen_dtype("f4"))


@pytest.mark.parametrize("make", [external, linked, virtual, promised, packed, objects])
def test_weights_that_are_elsewhere_or_only_promised(make, made, path):
    del made.arrays[KERNEL]
    memory = io.BytesIO(made.h5())
    with h5py.File(memory, "a") as file:
        make(file)
    made.write(path, h5=memory.getvalue())
    tracemalloc.start()
    refused(path)
    assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    tracemalloc.stop()


@pytest.mark.parametrize("name", ["../../out", "/etc/passwd", "a/../../b", "..\\b", "C:\\x"])
def test_an_archive_that_climbs_out(name, made, path):
    assert "would be outside" in refused(made.write(path, more=[(name, b"x")]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name(made, path):
    assert "two entries" in refused(made.write(path, more=[("seqmodel.json", b"{}")]))


@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_bomb_does_not_go_off(packing, made, path):
    made.entry["extra"]["x"] = "0" * (50 * 2**20)
    made.write(path, compress_type=packing)
    del made.entry["extra"]["x"]
    tracemalloc.start()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said = refused(path)
    assert "unpacks to more than" in said or "not ours" in said
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert tracemalloc.get_traced_memory()[1] < 40 * 2**20
    tracemalloc.stop()
    assert grown < 100 * 1024  # KB


@pytest.mark.parametrize(
    "text",
    [
        "[" * 10**6,
        '{"format": ' + "9" * 10_000 + "}",
        "{",
        "\ud800",
        "null",
        '{"format": Infinity}',
    ],
)
def test_text_that_is_hard_to_read(text, made, path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.weights.h5", made.h5())
        archive.writestr("seqmodel.json", text.encode("utf-8", "surrogatepass"))
    refused(path)


class Deadly:
    def __reduce__(self):
        return pytest.fail, ("it ran",)


def test_nothing_in_it_is_run(made, path):
    config = {"class_name": "Lambda", "config": {"function": ["__lambda__", "4wAAAA=="]}}
    more = [("config.json", json.dumps(config)), ("data.pkl", pickle.dumps(Deadly()))]
    assert load(made.write(path, more=more)).kind == "djmodel"
    made.arrays[KERNEL] = np.void(pickle.dumps(Deadly()))
    refused(made.write(path))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_bytes_changed_anywhere_are_read_or_refused(data, tmp_path):
    """In the archive as it lies on the disk, or in the weights with a right check sum around."""
    path = tmp_path / "mutated.keras"
    made = Made.whole()
    inside = data.draw(st.booleans(), label="in the weights")
    content = bytearray(made.h5() if inside else made.write(path).read_bytes())
    for _ in range(data.draw(st.integers(1, 8), label="changes")):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    if data.draw(st.integers(0, 9), label="cut") == 0:
        del content[data.draw(st.integers(1, len(content))) :]
    if inside:
        made.write(path, h5=bytes(content))
    else:
        path.write_bytes(content)
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


def places(value, before=()):
    """The way to every value within a JSON value."""
    yield before
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*before, key))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_value_of_another_type_is_read_or_refused(data, tmp_path):
    made = Made.whole()
    *way, last = data.draw(st.sampled_from([place for place in places(made.entry) if place]))
    holder = made.entry
    for key in way:
        holder = holder[key]
    holder[last] = data.draw(json_values)
    path = made.write(tmp_path / "mutated.keras")
    with suppress(InputError):
        model = load(path)
        improvise(model, changes_of(model)[0], seed=0)


def test_it_is_written_whole_or_not_at_all(tmp_path):
    with pytest.raises(ModelFileError, match="name ending in"):
        modelfile.save(tmp_path / "model.h5", None, load(Made.whole().write(tmp_path / "a.keras")))
