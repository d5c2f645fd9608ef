"""The names of the *Sequence Models* course, so that its notebooks run with their import lines
changed and nothing else.

A thin layer: each name hands on to the stage that does the work.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from djmodel.config import N_A, N_VALUES
from djmodel.model.layers import djmodel, music_inference_model
from djmodel.music.tune import Tune
from seqmodel.data.windows import one_hot as _one_hot
from seqmodel.data.windows import windows

if TYPE_CHECKING:
    import keras
    from music21.stream import Score

__all__ = [
    "Adam",
    "a_initializer",
    "c_initializer",
    "djmodel",
    "generate_music",
    "load_music_utils",
    "mid2wav",
    "music_inference_model",
    "one_hot",
    "predict_and_sample",
    "x_initializer",
]

M, TX = 60, 30

# The course's own choice from its file: the guitar's solo over the piano's chords.
COURSE_FILE = "original_metheny.mid"
COURSE_SAMPLING: dict[str, Any] = {
    "melody_part": "Guitar",
    "chord_part": ["Piano"],
    "bars": (120, 137),
}

x_initializer = np.zeros((1, 1, N_VALUES), dtype=np.float32)
a_initializer = np.zeros((1, N_A), dtype=np.float32)
c_initializer = np.zeros((1, N_A), dtype=np.float32)


def load_music_utils(
    file: str | Path = f"data/{COURSE_FILE}", seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.float32], int, dict[int, str], Tune]:
    """`X, Y, n_values, indices_values, chords` of one tune.

    X `(60, 30, 90)` one-hot with a zero vector first, Y `(30, 60, 90)` one step ahead, `n_values`
    their width, `indices_values` index -> value for those that the tune has, `chords` the tune with
    its changes. From `original_metheny.mid` the course's bars and parts are taken, from any other
    file the parts that are found.

    Raises FileError, or CorpusError where the tune has fewer than 30 values.
    """
    from djmodel.inputs.reader import read_tune
    from djmodel.values.encoded import encode_corpus

    sampling = COURSE_SAMPLING if Path(file).name == COURSE_FILE else {}
    tune = read_tune(file, **sampling)
    encoded = encode_corpus([tune], N_VALUES)
    drawn = windows(encoded.sequences, M, TX, np.random.default_rng(seed))
    X = _one_hot(drawn.inputs, N_VALUES)  # (m, Tx, n_values)
    Y = _one_hot(drawn.labels, N_VALUES).swapaxes(0, 1)  # (Ty, m, n_values)
    indices_values = dict(enumerate(encoded.vocabulary.symbols))
    return X, Y, N_VALUES, indices_values, tune


def one_hot(x: Any) -> Any:
    """The likeliest value of each row of `x (m, n_values)`, one-hot and as a sequence of one step:
    `(m, 1, n_values)`."""
    from seqmodel.network.keras_backend import load_keras

    ops = load_keras().ops
    return ops.expand_dims(ops.one_hot(ops.argmax(x, axis=-1), x.shape[-1]), axis=1)


def predict_and_sample(
    inference_model: keras.Model,
    x_initializer: NDArray[np.float32] = x_initializer,
    a_initializer: NDArray[np.float32] = a_initializer,
    c_initializer: NDArray[np.float32] = c_initializer,
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """`results (Ty, n_values)`, one-hot, and `indices (Ty, 1)`: what the inference model predicts
    from these first inputs."""
    predictions = inference_model.predict(
        [x_initializer, a_initializer, c_initializer], verbose=0
    )  # Ty times (1, n_values)
    indices = np.argmax(np.stack(predictions), axis=-1)  # (Ty, 1)
    results = _one_hot(indices[:, 0], predictions[0].shape[-1])
    return results, indices


def generate_music(
    inference_model: keras.Model,
    indices_values: Mapping[int, str],
    chords: Tune,
    diversity: float = 0.5,
    seed: int | None = None,
    file: str | Path = "output/my_music.midi",
) -> Score:
    """A solo over `chords` with the layers of `inference_model`, tidied as in the course.

    Each value is drawn with `diversity` as the temperature, so that a solo is new each time;
    `seed` makes it the same. Writes `file` and returns it as a music21 stream. Raises FileError if
    it cannot be written.
    """
    from music21 import converter

    from djmodel.model.improvise import improvise
    from djmodel.model.training import KIND
    from djmodel.outputs.midi import write_midi
    from djmodel.values.grammar import Register
    from seqmodel.data.vocabulary import Vocabulary
    from seqmodel.model_file import ModelFile
    from seqmodel.network.keras_layers import extract_weights
    from seqmodel.sampling.config import SamplingConfig

    weights = extract_weights(inference_model)
    symbols = tuple(indices_values[index] for index in range(len(indices_values)))
    model = ModelFile(
        kind=KIND,
        weights=weights,
        vocabulary=Vocabulary(symbols, weights.n_values),
        settings={"register": list(Register.of([chords]))},
    )
    if seed is None:
        seed = int(np.random.SeedSequence().entropy % 2**32)  # type: ignore[operator]
    [solo] = improvise(model, chords, seed=seed, sampling=SamplingConfig(diversity), tidy=True)
    write_midi(solo.tune, file)
    print(f"Your generated music is saved in {file}")
    return converter.parse(str(file), forceSource=True)  # type: ignore[return-value]


def mid2wav(file: str | Path, wav: str | Path = "output/rendered.wav") -> None:
    """Renders a MIDI file as sound into `wav`. Raises FileError."""
    from djmodel.outputs.audio import render
    from seqmodel.files import atomic_write

    sound = render(file)
    with atomic_write(wav) as temporary:
        temporary.write_bytes(sound.wav())


def Adam(
    lr: float | None = None, *, decay: float = 0.0, learning_rate: float = 0.001, **settings: Any
) -> keras.optimizers.Optimizer:
    """Keras' Adam that still takes the course's `lr` and `decay`: the rate of a step is
    `lr / (1 + decay * step)`."""
    from seqmodel.network.keras_backend import load_keras

    optimizers = load_keras().optimizers
    rate: Any = learning_rate if lr is None else lr
    if decay:
        rate = optimizers.schedules.InverseTimeDecay(rate, decay_steps=1, decay_rate=decay)
    return optimizers.Adam(rate, **settings)
