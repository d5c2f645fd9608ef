"""Imports Keras without the lines that TensorFlow prints before anyone can silence it."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


def load_keras() -> ModuleType:
    """The module `keras`."""
    if "keras" in sys.modules:
        return sys.modules["keras"]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with stderr_held_back():
        import keras
    return keras


@contextmanager
def stderr_held_back() -> Iterator[None]:
    """The first import of TensorFlow (which Keras makes on JAX, too, to set a seed or to save a
    model) writes to the process's stderr, below Python and below TensorFlow's own settings. What is
    written meanwhile is held back, and shown if the block fails."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        stderr = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception:
            held.seek(0)
            os.write(stderr, held.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def initial_seeds(seed: int) -> tuple[int, int, int]:
    """Seeds of three initialisers, different ones for each `seed` below 2**30; Keras takes none
    beyond 32 bits."""
    first = 3 * (seed % 2**30)
    return first, first + 1, first + 2
