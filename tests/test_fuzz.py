"""A short run of each target of `make fuzz`: a result or an InputError, never an internal fault."""

from __future__ import annotations

import random
from importlib.util import find_spec

import pytest
from fuzz import READ, REFUSED, outcome
from fuzzing.mutations import shrunk
from fuzzing.targets import TARGETS

CASES = {
    "requests": 10,
    "musicxml": 15,
    "abc": 4,
    "humdrum": 4,
    "sound": 2,
    "SoundFont": 2,
    "midi": 10,
    "performance": 10,
    "files sent": 10,
}
OTHERS = 25  # cases of each other target
NEEDED = {"corpus": "pyarrow", "requests": "starlette", "files sent": "starlette"}
NAMES = [name for name in TARGETS if name not in NEEDED or find_spec(NEEDED[name])]


@pytest.mark.parametrize("name", NAMES)
def test_mutated_files_are_read_or_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in range(CASES.get(name, OTHERS)):
        found = outcome(TARGETS[name], TARGETS[name].case(random.Random(f"{name} {number}")))
        assert found.kind in (READ, REFUSED), found.text


@pytest.mark.parametrize("name", sorted({*NAMES} - {"SoundFont", "jazz solos"}))
def test_a_file_that_is_not_mutated_is_read(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = TARGETS[name].cases()[0]
    assert outcome(TARGETS[name], content).kind == READ, outcome(TARGETS[name], content).text


def test_a_failing_case_is_made_as_short_as_it_can_be():
    assert shrunk(b"many words and one FAULT among them", lambda text: b"FAULT" in text) == b"FAULT"
