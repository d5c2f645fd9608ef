"""Lists of names: reading, refused lists, held-out names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinos.names import (
    capitalised,
    dinosaurs,
    encode,
    fold,
    read_names,
    split,
    vocabulary,
)
from seqmodel.errors import CorpusError, FileError


@pytest.fixture
def listed(tmp_path):
    def write(content):
        path = tmp_path / "names.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_the_bundled_list_has_1318_dinosaurs_of_27_symbols():
    names = read_names(dinosaurs())
    assert len(names.names) == 1318
    assert names.repeats == 0
    known = vocabulary(names.names)
    expected = {0: "\n"} | {i + 1: letter for i, letter in enumerate("abcdefghijklmnopqrstuvwxyz")}
    assert dict(enumerate(known.symbols)) == expected
    assert known.size == 27


def test_labels_end_with_the_newline():
    known = vocabulary(["abc"])
    assert encode("abc", known).tolist() == [1, 2, 3, 0]


def test_case_is_folded_and_repeats_are_counted(listed):
    names = read_names(listed("Anna\nÉva\nanna\nEVA\n"))
    assert names.names == ("anna", "éva", "eva")
    assert names.repeats == 1


def test_case_is_kept_on_request(listed):
    names = read_names(listed("Anna\nanna\n"), keep_case=True)
    assert names.names == ("Anna", "anna")
    assert vocabulary(names.names).symbols == ("\n", "A", "a", "n")


def test_many_alphabets_spaces_hyphens_marks_and_line_ends(listed):
    text = "\ufeff  Jean-Luc \r\nСаша\r\nNew York\rΣίσυφος\n東京\n\n\n"
    names = read_names(listed(text))
    assert names.names == ("jean-luc", "саша", "new york", "σίσυφος", "東京")
    assert vocabulary(names.names).symbols[0] == "\n"


def test_composed_and_decomposed_accents_are_one(listed):
    assert read_names(listed("e\u0301va\n\u00e9va\nbo")).names == ("\u00e9va", "bo")


def test_empty_lines_are_left_out_and_those_between_names_are_counted(listed):
    read = read_names(listed("\nanna\n  \n\neva\n\n\n"))
    assert read.names == ("anna", "eva")
    assert (read.empty, read.repeats) == (3, 0)


def test_a_list_of_more_than_50_megabytes_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "names.txt"
    with path.open("wb") as sparse:
        sparse.truncate(5 << 40)  # five terabytes
    with pytest.raises(FileError, match="larger than 50 MB"):
        read_names(path)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"", FileError, "the file is empty"),
        (b"\n \n", CorpusError, "the list has no names"),
        (b"tyrannosaurus\n", CorpusError, "only the name `tyrannosaurus`"),
        (b"anna\nAnna\n", CorpusError, "only the name `anna`"),
        (b"MThd\x00\x00\x00\x06", FileError, "a binary file (byte 0x00 at 4)"),
        (b"\x89PNG\r\n\x1a\n", FileError, "byte 0x89 at 0 (line 1) is not UTF-8"),
        (b"anna\nev\x07a\n", FileError, "line 2 has the control character U+0007"),
        ("anna\néva\n".encode("latin-1"), FileError, "byte 0xe9 at 5 (line 2) is not UTF-8"),
        ("anna\néva\n".encode("utf-16"), FileError, "UTF-16 text"),
        (b"anna\n" + b"x" * 101, CorpusError, "has 101 characters, more than 100"),
    ],
)
def test_files_that_are_not_lists_of_names_are_refused_in_one_line(listed, content, error, message):
    with pytest.raises(error) as raised:
        read_names(listed(content))
    assert message in str(raised.value)
    assert "names.txt" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_maximum_length_of_a_name_can_be_set(listed):
    path = listed("anna\nevangelina\n")
    assert len(read_names(path, max_length=10).names) == 2
    with pytest.raises(CorpusError, match=r"`evangelina\.\.\.` has 10 characters, more than 9"):
        read_names(path, max_length=9)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(FileError, match="no such file"):
        read_names(tmp_path / "none.txt")
    with pytest.raises(FileError, match="a folder"):
        read_names(tmp_path)


@given(st.integers(2, 300), st.integers(0, 5))
def test_a_tenth_is_held_out_and_nothing_is_lost(n, seed):
    names = [str(i) for i in range(n)]
    parts = split(names, seed)
    assert len(parts.held_out) == max(1, round(n / 10))
    assert sorted(parts.training + parts.held_out, key=int) == names
    assert parts == split(names, seed)


def test_another_seed_holds_out_different_names():
    names = [str(i) for i in range(100)]
    assert split(names, 0).held_out != split(names, 1).held_out


@given(st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1), min_size=2))
def test_names_written_are_names_read(tmp_path_factory, names):
    path = tmp_path_factory.mktemp("list") / "names.txt"
    path.write_text("\n".join(names), encoding="utf-8", newline="")
    expected = dict.fromkeys(fold(name) for name in names)
    if len(expected) < 2:
        return
    assert list(read_names(path, max_length=10_000).names) == list(expected)
    known = vocabulary(list(expected))
    for name in expected:
        assert "".join(known.decode(encode(name, known))) == name + "\n"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("tyrannosaurus", "Tyrannosaurus"),
        ("new york", "New York"),
        ("jean-luc", "Jean-Luc"),
        ("éva", "Éva"),
        ("саша", "Саша"),
        ("東京", "東京"),
        ("o'neill", "O'neill"),
        ("", ""),
    ],
)
def test_each_word_of_a_name_is_capitalised(name, written):
    assert capitalised(name) == written
