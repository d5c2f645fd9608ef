"""Files are written whole or not at all."""

import pytest

from seqmodel.errors import FileError
from seqmodel.files import atomic_write, check_input_file, writable_folder


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "solo.mid"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_write(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_has_the_rights_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    with atomic_write(tmp_path / "made" / "solo.mid") as temporary:
        temporary.write_text("new")
    made = tmp_path / "made" / "solo.mid"
    assert made.read_text() == "new"
    assert made.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_file_in_the_way_of_a_folder_is_said(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(FileError, match="expected a folder that can be written"):
        writable_folder(tmp_path / "runs" / "one")


def test_a_folder_is_no_file_to_write(tmp_path):
    with pytest.raises(FileError, match="found a folder"), atomic_write(tmp_path):
        pass


@pytest.mark.parametrize(("make", "found"), [("mkdir", "a folder"), ("touch", "an empty file")])
def test_what_is_not_a_file_to_read_is_said(tmp_path, make, found):
    path = tmp_path / "thing"
    getattr(path, make)()
    with pytest.raises(FileError, match=f"thing: expected a MIDI file, found {found}"):
        check_input_file(path, "a MIDI file")


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(FileError, match="no such file; check the name"):
        check_input_file(tmp_path / "none.mid", "a MIDI file")
