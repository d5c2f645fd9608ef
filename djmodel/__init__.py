"""Turns tunes into values, learns them, and improvises over chord changes.

Names come from the stages that they belong to and are imported when they are first used.

The course calls its model `djmodel`, too: after `from djmodel import djmodel`, or `import *`, that
name is the function until the next `import djmodel`. Who wants both writes `import djmodel as dj`;
`dj.djmodel` is the function.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "read_tune": "inputs.reader",
    "read_tunes": "inputs.reader",
    "rags": "inputs.reader",
    "parse_changes": "music.changes",
    "accompany": "music.accompaniment",
    "Value": "values.grammar",
    "encode": "values.grammar",
    "decode": "values.grammar",
    "Lesson": "model.training",
    "learn": "model.training",
    "load": "model.improvise",
    "improvise": "model.improvise",
    "changes_of": "model.improvise",
    "write_midi": "inputs.midi",
    # the course's names
    "djmodel": "model.layers",
    "music_inference_model": "model.layers",
    "load_music_utils": "course",
    "predict_and_sample": "course",
    "generate_music": "course",
    "mid2wav": "course",
    "one_hot": "course",
    "x_initializer": "course",
    "a_initializer": "course",
    "c_initializer": "course",
    "Adam": "course",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
