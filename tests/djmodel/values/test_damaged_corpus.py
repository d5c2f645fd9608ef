"""A damaged corpus is refused in one line, or is as good as a whole one."""

import json
import struct

import pytest
from helpers.mutation import mutated

from djmodel.inputs.music_files import rags
from djmodel.values.corpus_file import FILE, Corpus, build
from djmodel.values.encoded_corpus import encode_stored_corpus
from seqmodel.data.streaming import StreamingBatches
from seqmodel.errors import FileError, InputError
from seqmodel.parallel.pool import PoolConfig

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    build(rags()[:1], folder, PoolConfig(jobs=1))
    return (folder / FILE).read_bytes()


def use(folder):
    """All that `djmodel.corpus info` and `djmodel.train --corpus` read of a corpus."""
    corpus = Corpus(folder)
    for name in ("source", "result"):
        list(corpus.column(name))
    encoded = encode_stored_corpus(corpus, 90)
    positions = corpus.bar_positions
    index_map = encoded.vocabulary.encode(corpus.values)
    batches = StreamingBatches(
        corpus,
        index_map,
        60,
        30,
        32,
        0,
        lambda spans: corpus.conditioning(spans, positions, 90),
    )
    assert [windows.labels.shape for windows in batches.epoch(0)] == [(32, 30), (28, 30)]


def test_no_damage_is_an_internal_fault(whole, tmp_path):
    (tmp_path / FILE).write_bytes(whole)
    use(tmp_path)
    ends = []
    # Most of the file is one tune's text; its ends hold the tables.
    for seed in range(300):
        part = slice(*((0, None), (0, 1500), (len(whole) - 6000, None))[seed % 3])
        before, after = whole[: part.start], whole[part.stop :] if part.stop else b""
        (tmp_path / FILE).write_bytes(before + mutated(whole[part], seed) + after)
        try:
            use(tmp_path)
        except InputError as error:
            ends.append(type(error))
    assert len(ends) > 100
    assert set(ends) >= {FileError}


def test_a_text_that_ends_before_it_begins_is_refused(whole, tmp_path):
    file = pa.py_buffer(whole)
    offsets = pa.ipc.open_file(file).get_batch(0).column("source").buffers()[1]
    end = offsets.address - file.address + 4  # after the offset of its beginning, 32 bits
    (tmp_path / FILE).write_bytes(whole[:end] + struct.pack("<i", -5) + whole[end + 4 :])
    with pytest.raises(FileError, match="the file is corrupted, or not a corpus"):
        use(tmp_path)


def with_columns(folder, whole, change):
    """Writes the corpus with its table and its summary changed by `change`."""
    file = pa.ipc.open_file(pa.py_buffer(whole))
    rows = pa.Table.from_batches([file.get_batch(k) for k in range(file.num_record_batches)])
    _, metadata = file.get_batch_with_custom_metadata(file.num_record_batches - 1)
    summary = json.loads(metadata[b"summary"])
    rows = change(rows, summary)
    with pa.ipc.new_file(folder / FILE, rows.schema) as writer:
        writer.write_table(rows)
        empty = pa.RecordBatch.from_pylist([], rows.schema)
        writer.write_batch(empty, custom_metadata={b"summary": json.dumps(summary)})


def replaced(name, value, kind):
    def change(rows, _):
        column = pa.array([value] * len(rows), kind)
        return rows.set_column(rows.schema.get_field_index(name), name, column)

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda rows, _: rows.drop_columns(["indices"]),
        replaced("indices", "none", pa.string()),
        replaced("indices", [10**6] * 80, pa.list_(pa.int32())),
        replaced("indices", [-1] * 80, pa.list_(pa.int32())),
        replaced("bar_starts", [10**6], pa.list_(pa.int32())),
        replaced("tune", "{", pa.string()),
        replaced("tune", '{"bars": 3}', pa.string()),
        replaced("tune", "[" * 100_000, pa.string()),
        lambda rows, summary: (summary.update(counts=[1, 2]), rows)[1],
        lambda rows, summary: (summary.update(tunes="many"), rows)[1],
        lambda rows, summary: (summary.update(pitches=[1]), rows)[1],
    ],
)
def test_content_that_is_no_corpus_is_refused(whole, tmp_path, change):
    with_columns(tmp_path, whole, lambda rows, summary: change(rows, summary))
    with pytest.raises(FileError, match="the file is corrupted, or not a corpus"):
        use(tmp_path)
