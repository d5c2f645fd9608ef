"""Errors in one line, here and in another process."""

import pickle

from seqmodel.errors import CorpusError, InputError


def test_an_error_is_one_line_with_path_message_and_hint():
    error = InputError("this is a\nfolder", path="music/", hint="name a file in it")
    assert str(error) == "music/: this is a folder; name a file in it"


def test_the_name_of_a_file_cannot_control_the_terminal():
    assert str(InputError("the file is empty", path="\x1b[2J.mid")) == "�[2J.mid: the file is empty"


def test_an_error_is_pickled_with_its_type_and_fields():
    error = CorpusError("the folder has no tunes", hint="give a file")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is CorpusError
    assert str(again) == str(error)
    assert again.hint == "give a file"


def test_a_notebook_shows_one_line_and_no_traceback(capsys):
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shell.run_cell("import djmodel\ndjmodel.read_tune('missing.mid')")
    shown = capsys.readouterr().out.strip()
    assert shown.startswith("FileError: missing.mid")
    assert "\n" not in shown
