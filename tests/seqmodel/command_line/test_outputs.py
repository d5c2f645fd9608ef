"""Names of output files that replace nothing."""

import pytest

from seqmodel.command_line.outputs import check_free, free_name
from seqmodel.settings import SettingError


def test_a_file_that_is_there_is_replaced_only_on_demand(tmp_path):
    solo = tmp_path / "solo.mid"
    check_free([solo, None], overwrite=False)
    solo.symlink_to(tmp_path / "nothing")
    check_free([solo], overwrite=True)
    with pytest.raises(SettingError, match=r"solo\.mid is there already; choose another name, or"):
        check_free([solo], overwrite=False)


def test_a_default_name_is_numbered_until_all_its_files_are_new(tmp_path):
    def files(path):
        return path, path.with_suffix(".wav")

    name = tmp_path / "solo.mid"
    assert free_name(name, files) == name
    name.touch()
    (tmp_path / "solo-2.wav").touch()
    assert free_name(name, files) == tmp_path / "solo-3.mid"
