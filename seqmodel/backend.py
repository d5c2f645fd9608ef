"""Imports Keras without the lines that TensorFlow prints before anyone can silence it."""

from __future__ import annotations

import os
import sys
import tempfile
from types import ModuleType


def load_keras() -> ModuleType:
    """The module `keras`. The first import of its backend writes to the process's stderr, below
    Python and below TensorFlow's own settings; that is held back, and shown if the import fails."""
    if "keras" in sys.modules:
        return sys.modules["keras"]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        stderr = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            import keras
        except BaseException:
            held.seek(0)
            os.write(stderr, held.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
    return keras
