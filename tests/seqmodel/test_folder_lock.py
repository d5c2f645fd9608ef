"""The lock of a folder: one process at a time, which touches only what it made."""

import shutil

import pytest

from seqmodel.errors import FileError
from seqmodel.files import TEMP_PREFIX
from seqmodel.folder_lock import LOCK, locked_folder


def test_a_folder_is_locked_for_one_job_at_a_time(tmp_path):
    message = "another build is writing in this folder; wait for it, or choose another folder"
    with (
        locked_folder(tmp_path / "run", "training") as lock,
        pytest.raises(FileError, match=message),
        locked_folder(tmp_path / "run", "build"),
    ):
        pass
    assert not lock.is_held
    with locked_folder(tmp_path / "run", "build") as lock:
        assert lock.is_held


def test_the_lock_of_a_folder_that_took_the_place_is_left_alone(tmp_path):
    folder = tmp_path / "run"
    with locked_folder(folder, "training") as first:
        shutil.rmtree(folder)
        second = locked_folder(folder, "training")
        with second as lock:
            assert not first.is_held
            assert lock.is_held
            # the first one ends while the second one runs
            first_ends = locked_folder(folder, "training")
            with pytest.raises(FileError), first_ends:
                pass
            (folder / "result").touch()
    assert [path.name for path in folder.iterdir()] == ["result"]


def test_a_job_whose_folder_was_replaced_ends_without_touching_the_new_one(tmp_path):
    folder = tmp_path / "run"
    one, other = locked_folder(folder, "training"), locked_folder(folder, "training")
    one.__enter__()
    shutil.rmtree(folder)
    with other as lock:
        one.__exit__(None, None, None)
        assert lock.is_held
        with pytest.raises(FileError), locked_folder(folder, "training"):
            pass


def test_an_empty_folder_that_took_the_place_stays(tmp_path):
    folder = tmp_path / "run"
    with locked_folder(folder, "training"):
        shutil.rmtree(folder)
        folder.mkdir()
    assert folder.is_dir()


@pytest.mark.parametrize("before", [False, True], ids=["new folder", "folder that was there"])
def test_only_a_folder_that_was_made_is_removed(tmp_path, before):
    folder = tmp_path / "run"
    if before:
        folder.mkdir()
    with locked_folder(folder, "training"):
        assert (folder / LOCK).exists()
    assert folder.exists() == before
    assert not before or not any(folder.iterdir())


def test_files_that_a_killed_process_left_are_removed(tmp_path):
    (tmp_path / f"{TEMP_PREFIX}1234.arrow").touch()
    (tmp_path / "kept.arrow").touch()
    with locked_folder(tmp_path, "build"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["kept.arrow"]
