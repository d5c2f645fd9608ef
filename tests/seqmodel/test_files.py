"""Atomic writes, and checks of files before long jobs."""

import os
import sys
import threading

import pytest

from seqmodel.errors import FileError, InputError
from seqmodel.files import (
    atomic_write,
    check_input_file,
    check_no_overwrite,
    check_suffix,
    writable_folder,
)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "solo.mid"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_write(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    with atomic_write(tmp_path / "made" / "solo.mid") as temporary:
        temporary.write_text("new")
    made = tmp_path / "made" / "solo.mid"
    assert made.read_text() == "new"
    assert made.stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_writing_changes_the_permissions_of_no_other_file(tmp_path, monkeypatch):
    # A process has one umask: to set it, even for an instant, is to set it for every thread.
    set_to = []
    monkeypatch.setattr(os, "umask", set_to.append)
    writing, finish = threading.Event(), threading.Event()

    def write():
        with atomic_write(tmp_path / "solo.mid") as temporary:
            temporary.write_text("new")
            writing.set()
            assert finish.wait(20)

    thread = threading.Thread(target=write)
    thread.start()
    assert writing.wait(20)
    (tmp_path / "plain").touch()
    finish.set()
    thread.join()
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert (len(modes), set_to) == (1, [])


def test_a_file_in_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(FileError, match="runs/one: the folder cannot be written"):
        writable_folder(tmp_path / "runs" / "one")


def test_a_folder_in_place_of_an_output_file_is_refused(tmp_path):
    with pytest.raises(FileError, match="this is a folder, not"), atomic_write(tmp_path):
        pass


@pytest.mark.parametrize(
    ("make", "message"),
    [("mkdir", "this is a folder, not a MIDI file"), ("touch", "the file is empty")],
)
def test_a_folder_or_an_empty_input_file_is_refused(tmp_path, make, message):
    path = tmp_path / "thing"
    getattr(path, make)()
    with pytest.raises(FileError, match=f"thing: {message}"):
        check_input_file(path, "a MIDI file")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileError, match=r"none\.mid: there is no such file; check the name"):
        check_input_file(tmp_path / "none.mid", "a MIDI file")


def test_an_output_replaces_neither_an_input_nor_another_output(tmp_path):
    tune, solo = tmp_path / "tune.mid", tmp_path / "solo.mid"
    check_no_overwrite([solo, None], [tune, None])
    with pytest.raises(InputError, match=r"tune\.mid: this output would overwrite an input"):
        check_no_overwrite([tmp_path / "x" / ".." / "tune.mid"], [tune])
    with pytest.raises(InputError, match="this output would overwrite another output"):
        check_no_overwrite([solo, solo], [tune])


def test_an_unknown_or_missing_suffix_is_refused():
    with pytest.raises(InputError, match=r"must end in \.mid or \.wav, not in \.txt"):
        check_suffix("solo.txt", [".mid", ".wav"])
    with pytest.raises(InputError, match=r"must end in \.mid or \.wav, but has no ending"):
        check_suffix("solo", [".mid", ".wav"])
