"""Errors read as one line, here and in another process."""

import pickle

from seqmodel.errors import CorpusError, InputError


def test_an_error_is_one_line_that_says_all():
    error = InputError("a MIDI file", "a\nfolder", path="music/", hint="name a file in it")
    assert str(error) == "music/: expected a MIDI file, found a folder; name a file in it"


def test_an_error_comes_out_of_another_process_as_it_went_in():
    error = CorpusError("at least one tune", "none", hint="give a file")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is CorpusError
    assert str(again) == str(error)
    assert again.hint == "give a file"
