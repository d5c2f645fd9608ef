"""A trained model and its file: weights, vocabulary, and the music that it was trained on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from djmodel.config import TrainingConfig
from djmodel.music.tune import Bar, Tune
from djmodel.music.tune_json import MAX_BAR_LENGTH, tune_from_json, tune_to_json
from djmodel.values.conditioning import BarPositions
from djmodel.values.encoded_corpus import encode_values
from djmodel.values.grammar import Register
from djmodel.values.value import Value
from seqmodel import model_file
from seqmodel.data.vocabulary import Vocabulary
from seqmodel.data.windows import Indices
from seqmodel.model_file import ModelFile, installed_versions
from seqmodel.network.weights import Weights

if TYPE_CHECKING:
    import keras

KIND = "djmodel"
MAX_PITCH = 127  # of MIDI

_Pitch = Annotated[int, msgspec.Meta(ge=0, le=MAX_PITCH)]


class _Content(msgspec.Struct):
    """The part of the model file that is djmodel's own."""

    config: TrainingConfig
    register: tuple[_Pitch, _Pitch]
    tunes: Annotated[tuple[dict[str, Any], ...], msgspec.Meta(min_length=1)]
    sequences: tuple[tuple[int, ...], ...]
    bar_positions: list[list[str]] | None = None
    final_loss: float | None = None


@dataclass(frozen=True)
class DjModel:
    """A trained model.

    `tunes` are the tunes that it was trained on (the first ones of a corpus on disk), `sequences`
    their values as indices of the vocabulary, `register` the range of their melodies.
    `bar_positions` are the positions in the bar that the model is conditioned on, if it is;
    `final_loss` is the training loss in nats per value. `sources` maps the names of the training
    data to their SHA-256, `versions` packages to their versions at training time.
    """

    weights: Weights
    vocabulary: Vocabulary
    config: TrainingConfig
    register: Register
    tunes: tuple[Tune, ...]
    sequences: tuple[tuple[int, ...], ...]
    bar_positions: BarPositions | None = None
    final_loss: float | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(
        default_factory=lambda: installed_versions(
            "djmodel", "tensorflow", "keras", "numpy", "music21"
        )
    )

    @cached_property
    def identity(self) -> str:
        """SHA-256 of the model, in hexadecimal digits (see `ModelFile.identity`)."""
        return self._file().identity

    @cached_property
    def values(self) -> tuple[Value, ...]:
        """The values of the vocabulary, in the order of their indices."""
        return tuple(Value.parse(symbol) for symbol in self.vocabulary.symbols)

    @cached_property
    def changes(self) -> tuple[Tune, ...]:
        """The tunes without their melodies."""
        return tuple(
            replace(tune, bars=tuple(replace(bar, melody=()) for bar in tune.bars))
            for tune in self.tunes
        )

    @property
    def n_values(self) -> int:
        """The number of values in the tunes."""
        return sum(map(len, self.sequences))

    def encode(self, values: Iterable[Value]) -> list[int]:
        """The indices of `values`; a value outside the vocabulary is encoded as its nearest."""
        return encode_values(values, self.vocabulary)

    def conditioning(
        self, bars: Iterable[Sequence[Value]], lengths: Sequence[Bar]
    ) -> Indices | None:
        """The conditioning features of the values of `bars`, which fill the bars `lengths`:
        `(n, 2)`; None if the model has none."""
        if self.bar_positions is None:
            return None
        return self.bar_positions.conditioning(bars, lengths, self.vocabulary.size)

    def save(self, path: str | Path, graph: keras.Model) -> None:
        """Writes the model file; `graph` is the Keras model in it. Raises FileError or
        ModelFileError."""
        model_file.save(path, graph, self._file())

    def _file(self) -> ModelFile[_Content]:
        positions = self.bar_positions
        content = _Content(
            config=self.config,
            register=(self.register.low, self.register.high),
            tunes=tuple(map(tune_to_json, self.tunes)),
            sequences=self.sequences,
            bar_positions=None if positions is None else positions.to_json(),
            final_loss=self.final_loss,
        )
        return ModelFile(KIND, self.weights, self.vocabulary, content, self.sources, self.versions)


def load(path: str | Path) -> DjModel:
    """Reads a model that `djmodel` trained. Raises FileError or ModelFileError."""
    file = model_file.load(path, KIND, _Content)
    with model_file.corrupt_file_errors(path):
        content, positions = file.content, file.content.bar_positions
        model = DjModel(
            weights=file.weights,
            vocabulary=file.vocabulary,
            config=content.config,
            register=Register(*content.register),
            tunes=tuple(map(tune_from_json, content.tunes)),
            sequences=content.sequences,
            bar_positions=None if positions is None else BarPositions.from_json(positions),
            final_loss=content.final_loss,
            sources=file.sources,
            versions=file.versions,
        )
        _check(model)
    return model


def pretrained_model() -> Path:
    """The file of the bundled model; `ragtime.md` beside it describes the model."""
    return Path(str(resources.files("djmodel.data") / "ragtime.keras"))


def _check(model: DjModel) -> None:
    for value in model.values:
        if value.duration > MAX_BAR_LENGTH or abs(value.leap or 0) > MAX_PITCH:
            raise ValueError(f"the value {value!s:.40} is out of range")
    if model.register.low > model.register.high:
        raise ValueError("the lowest pitch of the register is above its highest")
    model_file.check_indices(model.sequences, model.vocabulary)
    n_conditioning = model.weights.n_inputs - model.weights.n_values
    if n_conditioning != len(model.bar_positions or ()):
        raise ValueError(f"{n_conditioning} conditioning inputs are not those of the bar positions")
