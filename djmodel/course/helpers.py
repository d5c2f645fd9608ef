"""Helper functions of the course's jazz notebook: its data, predictions, MIDI file and sound.

A thin layer: each function hands on to the stage that does the work.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from djmodel.config import N_A, N_VALUES
from djmodel.inputs.music_files import rags
from djmodel.inputs.reader import read_tune
from djmodel.music.tune import Tune
from djmodel.values.encoded_corpus import encode_corpus
from seqmodel.data.windows import one_hot as _one_hot
from seqmodel.data.windows import windows
from seqmodel.settings import Count, Seed, checked

if TYPE_CHECKING:
    import keras
    from music21.stream import Score

M, TX = 60, 30

# The excerpt of the course: the guitar's solo over the piano's chords.
COURSE_FILE = "data/original_metheny.mid"
COURSE_PARTS: dict[str, Any] = {"melody_part": "Guitar", "chord_part": ["Piano"]}
COURSE_BARS = (120, 137)
COURSE_CHORD_BARS = (120, 138)  # the course includes the chord at which its excerpt ends

x_initializer = np.zeros((1, 1, N_VALUES), dtype=np.float32)
a_initializer = np.zeros((1, N_A), dtype=np.float32)
c_initializer = np.zeros((1, N_A), dtype=np.float32)


class Chords:
    """The chords of a tune, bar by bar: `len(chords)` bars. `tune` is what a solo is played
    over."""

    def __init__(self, tune: Tune) -> None:
        self.tune = tune

    def __len__(self) -> int:
        return len(self.tune.bars)

    def __repr__(self) -> str:
        return f"Chords({self.tune.title!r}, {len(self)} bars)"


@checked
def load_music_utils(
    file: str | Path = COURSE_FILE, seed: Seed = 0, n_values: Count = N_VALUES
) -> tuple[NDArray[np.float32], NDArray[np.float32], int, dict[int, str], Chords]:
    """`X, Y, n_values, indices_values, chords` of one tune.

    X `(60, 30, n_values)` one-hot with a zero vector first, Y `(30, 60, n_values)` one step ahead,
    `indices_values` index -> value for those that the tune has, `chords` its changes. From
    `original_metheny.mid` the course's bars and parts are taken, from any other file the parts that
    are found. Where the course's file is missing, a bundled rag takes its place, with a line that
    says so.

    Raises FileError, or CorpusError where the tune has fewer than 30 values.
    """
    tune, chords = _tune_and_chords(file)
    encoded = encode_corpus([tune], n_values)
    drawn = windows(encoded.sequences, M, TX, np.random.default_rng(seed))
    X = _one_hot(drawn.inputs, n_values)  # (m, Tx, n_values)
    Y = _one_hot(drawn.labels, n_values).swapaxes(0, 1)  # (Ty, m, n_values)
    return X, Y, n_values, dict(enumerate(encoded.vocabulary.symbols)), chords


def _tune_and_chords(file: str | Path) -> tuple[Tune, Chords]:
    name = Path(COURSE_FILE).name
    if Path(file).name != name:
        tune = read_tune(file)
        return tune, Chords(tune)
    if not Path(file).exists():
        rag = rags()[-1]
        print(
            f"{file} is missing: copy the course's file there. Using {rag.name} instead, "
            "a bundled rag."
        )
        return _tune_and_chords(rag)
    whole = read_tune(file, **COURSE_PARTS)
    return whole.excerpt(*COURSE_BARS), Chords(whole.excerpt(*COURSE_CHORD_BARS))


def one_hot(x: Any) -> Any:
    """The most likely value of each row of `x (m, n_values)`, one-hot and as a sequence of one
    step: `(m, 1, n_values)`."""
    from seqmodel.network.keras_layers import load_keras

    ops = load_keras().ops
    return ops.expand_dims(ops.one_hot(ops.argmax(x, axis=-1), x.shape[-1]), axis=1)


def predict_and_sample(
    inference_model: keras.Model,
    x_initializer: NDArray[np.float32] = x_initializer,
    a_initializer: NDArray[np.float32] = a_initializer,
    c_initializer: NDArray[np.float32] = c_initializer,
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """`results (Ty, n_values)`, one-hot, and `indices (Ty, 1)`: the most likely value of each step
    of the inference model from these initial inputs."""
    predictions = inference_model.predict(
        [x_initializer, a_initializer, c_initializer], verbose=0
    )  # Ty times (1, n_values)
    indices = np.argmax(np.stack(predictions), axis=-1)  # (Ty, 1)
    results = _one_hot(indices[:, 0], predictions[0].shape[-1])
    return results, indices


def generate_music(
    inference_model: keras.Model,
    indices_values: Mapping[int, str],
    chords: Chords | Tune,
    diversity: float = 0.5,
    seed: int | None = None,
    file: str | Path = "output/my_music.midi",
) -> Score:
    """A solo over `chords` with the layers of `inference_model`, tidied as in the course.

    Each value is drawn with `diversity` as the temperature, so a solo is new each time; `seed`
    makes it reproducible. Writes `file` and returns it as a music21 stream. Raises FileError if the
    file cannot be written."""
    from music21 import converter

    from djmodel.outputs.midi import write_midi

    tune = chords.tune if isinstance(chords, Chords) else chords
    solo = _improvise(inference_model, indices_values, tune, diversity, seed)
    write_midi(solo, file)
    print(f"Your generated music is saved in {file}")
    return converter.parse(str(file), forceSource=True)  # type: ignore[return-value]


def _improvise(
    inference_model: keras.Model,
    indices_values: Mapping[int, str],
    changes: Tune,
    diversity: float,
    seed: int | None,
) -> Tune:
    from djmodel.config import TrainingConfig
    from djmodel.model.improvise import improvise
    from djmodel.model.model_file import DjModel
    from djmodel.values.encoded_corpus import Registers
    from seqmodel.data.vocabulary import Vocabulary
    from seqmodel.network.keras_layers import extract_weights
    from seqmodel.sampling.config import SamplingConfig

    weights = extract_weights(inference_model)
    symbols = tuple(indices_values[index] for index in range(len(indices_values)))
    model = DjModel(
        weights=weights,
        vocabulary=Vocabulary(symbols, weights.n_values),
        config=TrainingConfig(n_a=weights.units, n_values=weights.n_values),
        registers=Registers.of([changes]),
        tunes=(changes,),
        sequences=(),
    )
    if seed is None:
        seed = int(np.random.default_rng().integers(2**32))
    [solo] = improvise(model, changes, seed=seed, sampling=SamplingConfig(diversity), tidy=True)
    return solo.tune


@checked
def mid2wav(file: str | Path, wav: str | Path = "output/rendered.wav") -> None:
    """Renders a MIDI file as sound into `wav`. Raises FileError."""
    from djmodel.outputs.audio import render
    from seqmodel.files import atomic_write

    sound = render(file)
    with atomic_write(wav) as temporary:
        temporary.write_bytes(sound.wav())
