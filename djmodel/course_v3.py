"""The names of the older jazz notebooks (versions 3 and 3a): `from djmodel.course_v3 import *`.

They differ from the current edition's in a few names and in how the helpers are called.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from djmodel import course
from djmodel.course import *  # noqa: F403
from djmodel.course import helpers as music
from djmodel.course import keras2

__all__ = [*course.__all__, "K", "generate_music", "glorot_uniform", "load_model"]

N_VALUES = 78  # that the course's version of music21 found; later cells write the number by hand

K = keras2.tensorflow().keras.backend
glorot_uniform = keras2.keras.initializers.GlorotUniform
load_model = keras2.keras.models.load_model


def load_music_utils(  # type: ignore[no-redef]
    file: str | Path = music.COURSE_FILE,
) -> tuple[NDArray[np.float32], NDArray[np.float32], int, dict[int, str]]:
    """`X, Y, n_values, indices_values` as in `djmodel.course.load_music_utils`, without the chords.

    A model may be wider than `n_values`, as the notebooks that write 82 or 90 by hand build it.
    """
    return music.load_music_utils(file, n_values=N_VALUES)[:4]


def generate_music(inference_model: object) -> object:  # type: ignore[no-redef]
    """A solo over the chords of the course's file; see `djmodel.course.generate_music`."""
    _, _, _, indices_values, chords = music.load_music_utils(n_values=N_VALUES)
    return music.generate_music(inference_model, indices_values, chords)
