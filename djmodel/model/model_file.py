"""A trained model and its file: weights, vocabulary, and the music that it was trained on."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from importlib import resources
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec
import numpy as np

from djmodel.config import TrainingConfig
from djmodel.inputs.chart import check_not_changes
from djmodel.inputs.music_files import SUFFIXES
from djmodel.music.tune import Tune
from djmodel.music.tune_json import MAX_BAR_LENGTH, tune_from_json, tune_to_json
from djmodel.outputs.suffixes import PAGE, PDF, PICTURE, SOUND
from djmodel.values.chart import Chart
from djmodel.values.conditioning import BarPositions
from djmodel.values.encoded_corpus import Registers, encode_values
from djmodel.values.features import Conditioning, Feature, inputs_of_values
from djmodel.values.grammar import Register
from djmodel.values.grammars import Grammar, grammar_named
from djmodel.values.jazz_grammar import is_duration, value_of
from djmodel.values.value import Value
from djmodel.values.views import vocabulary_views
from seqmodel import model_file
from seqmodel.data.vocabulary import Vocabulary
from seqmodel.data.windows import Indices
from seqmodel.errors import FileError, InputError
from seqmodel.files import model_in
from seqmodel.model_file import ModelFile, ModelFileError, installed_versions
from seqmodel.network.forward import log_distributions
from seqmodel.network.weights import Floats, Weights
from seqmodel.settings import SettingError, checked

if TYPE_CHECKING:
    import keras

KIND = "djmodel"
BUNDLED = ("jazz", "ragtime")
MAX_PITCH = 127  # of MIDI

_Pitch = Annotated[int, msgspec.Meta(ge=0, le=MAX_PITCH)]


class _Content(msgspec.Struct):
    """The part of the model file that is djmodel's own."""

    config: TrainingConfig
    register: tuple[_Pitch, _Pitch]  # of all tunes
    tunes: Annotated[tuple[dict[str, Any], ...], msgspec.Meta(min_length=1)]
    sequences: tuple[tuple[int, ...], ...]
    bar_positions: list[list[str]] | None = None
    conditioning: tuple[Feature, ...] = ()
    registers: dict[str, tuple[_Pitch, _Pitch]] = {}  # of those of each instrument
    players: dict[str, str] = {}  # the instrument of each
    final_loss: float | None = None
    titles: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET  # of those not stored


@dataclass(frozen=True)
class DjModel:
    """A trained model.

    `tunes` are the tunes that it was trained on (the first ones of a corpus on disk), `sequences`
    the symbols of their values as indices of the vocabulary, `registers` the ranges of their
    melodies. `conditioning` is what the model is conditioned on in the grammar of jazz,
    `bar_positions` in that of the course, if it is; `final_loss` is the training loss in nats per
    symbol. `titles` are those of the tunes that a compact file leaves out of `tunes`.
    `sources` maps the names of the training data to their SHA-256, `versions` packages to
    their versions at training time.
    """

    MADE_BY: ClassVar[str] = "djmodel.load reads one, djmodel.fit trains one"

    weights: Weights
    vocabulary: Vocabulary
    config: TrainingConfig
    registers: Registers
    tunes: tuple[Tune, ...]
    sequences: tuple[tuple[int, ...], ...]
    bar_positions: BarPositions | None = None
    conditioning: Conditioning | None = None
    final_loss: float | None = None
    titles: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(
        default_factory=lambda: installed_versions(
            "djmodel", "tensorflow", "keras", "numpy", "music21"
        )
    )

    def __repr__(self) -> str:
        return (
            f"<DjModel of {len(self.sequences)} tunes: {len(self.vocabulary)} symbols, "
            f"{self.weights.units} units, {self.weights.n_parameters:,} parameters>"
        )

    @cached_property
    def identity(self) -> str:
        """SHA-256 of the model, in hexadecimal digits (see `ModelFile.identity`)."""
        return self._file().identity

    @property
    def grammar(self) -> Grammar:
        """The grammar of its values."""
        return grammar_named(self.config.grammar)

    def values_of(self, indices: Sequence[int]) -> list[Value]:
        """The values that symbols spell, given their indices; an incomplete one at the end is left
        out."""
        n = self.grammar.symbols_per_value
        symbols = self.vocabulary.decode(map(int, indices))
        return [self.grammar.value(symbols[k : k + n]) for k in range(0, len(symbols) - n + 1, n)]

    def numbers_of(self, indices: Sequence[int]) -> list[int]:
        """A number for each value, given the indices of the symbols that spell it: equal values
        have equal numbers."""
        n, size = self.grammar.symbols_per_value, self.vocabulary.size
        symbols = np.array(indices, dtype=np.int64).reshape(-1, n)
        return [int(number) for number in symbols @ size ** np.arange(n)]

    @cached_property
    def values(self) -> tuple[Value, ...]:
        """The values of a vocabulary of which each symbol is one, in the order of their indices."""
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
        return sum(map(len, self.sequences)) // self.grammar.symbols_per_value

    def encode(self, values: Iterable[Value]) -> list[int]:
        """The indices of the symbols of `values`; a symbol outside the vocabulary is encoded as its
        nearest."""
        return encode_values(values, self.vocabulary, self.config.grammar)

    def check_values(self, values: Iterable[Value]) -> None:
        """Raises InputError for a value that belongs to another grammar than the model's."""
        jazz = self.config.grammar == "jazz"
        for value in values:
            if (value.leap is not None and value.exact != jazz) or (value.is_tie and not jazz):
                example = "C,0.500,<M3>" if jazz else "C,0.500,<P5,m2>"
                raise InputError(
                    f"the value {value} is not one of the model's grammar",
                    hint=f"write values such as {example}",
                )

    def encode_tune(self, tune: Tune) -> tuple[tuple[Value, ...], ...]:
        """The values of each bar of a tune."""
        return self.grammar.encode(tune, self.registers.of_solo(tune))

    def chart(self, tune: Tune) -> Chart:
        """The chart of a tune: all that the model may know of it before its melody."""
        return Chart.of(tune, self.registers.of_solo(tune))

    def inputs(self, bars: Sequence[Sequence[Value]], tune: Tune) -> Indices | None:
        """The conditioning inputs of the symbols of `bars`, values that fill the bars of `tune`:
        `(n, k)`; None if the model has none."""
        known, register = self.bar_positions or self.conditioning, self.registers.of_solo(tune)
        inputs = inputs_of_values(known, bars, tune, register, self.vocabulary.size)
        if inputs is None:
            return None
        return np.repeat(inputs, self.grammar.symbols_per_value, axis=0)

    def log_distributions(self, symbols: Sequence[int], inputs: Indices | None) -> Floats:
        """The natural log-probabilities of all symbols at each step of a sequence, by the network,
        which adapts to it; `inputs (n, k)` as in `inputs`: `(n, size of the vocabulary)`."""
        return log_distributions(self.weights, symbols, inputs, self.config.adaptation)

    @checked
    def save(self, path: str | Path, graph: keras.Model | None = None) -> None:
        """Writes the model file; `graph` is the Keras model in it, if there is to be one. Raises
        FileError or ModelFileError."""
        model_file.save(path, graph, self._file())

    def _file(self) -> ModelFile[_Content]:
        positions = self.bar_positions
        content = _Content(
            config=self.config,
            register=self.registers.all,
            registers=dict(self.registers.by_instrument),
            players=dict(self.registers.players),
            conditioning=self.conditioning.features if self.conditioning else (),
            tunes=tuple(map(tune_to_json, self.tunes)),
            sequences=self.sequences,
            bar_positions=None if positions is None else positions.to_json(),
            final_loss=self.final_loss,
            titles=self.titles or msgspec.UNSET,
        )
        return ModelFile(KIND, self.weights, self.vocabulary, content, self.sources, self.versions)


@checked
def load(path: str | Path) -> DjModel:
    """Reads a model that `djmodel` trained, from its file or the folder of the training, or a
    bundled one by its name, `jazz` or `ragtime`. Raises FileError, ModelFileError, and SettingError
    for changes in place of a model."""
    path = model_path(Path(path))
    file = model_file.load(path, KIND, _Content)
    with model_file.corrupt_file_errors(path):
        content, positions = file.content, file.content.bar_positions
        conditioning = Conditioning(content.conditioning) if content.conditioning else None
        model = DjModel(
            weights=_with_views(path, file.weights, file.vocabulary, conditioning, content.config),
            vocabulary=file.vocabulary,
            config=content.config,
            registers=Registers(
                Register(*content.register),
                {name: Register(*ends) for name, ends in content.registers.items()},
                content.players,
            ),
            conditioning=conditioning,
            tunes=_tunes(msgspec.json.encode(content.tunes)),
            sequences=content.sequences,
            bar_positions=None if positions is None else BarPositions.from_json(positions),
            final_loss=content.final_loss,
            titles=() if content.titles is msgspec.UNSET else content.titles,
            sources=file.sources,
            versions=file.versions,
        )
        _check(model)
    return model


@lru_cache(maxsize=2)
def _tunes(stored: bytes) -> tuple[Tune, ...]:
    """Tunes from JSON, which take most of the time to load a model: those of the last two models
    are kept."""
    return tuple(map(tune_from_json, msgspec.json.decode(stored)))


def _with_views(
    path: Path,
    weights: Weights,
    vocabulary: Vocabulary,
    conditioning: Conditioning | None,
    config: TrainingConfig,
) -> Weights:
    """The weights with the views that the network was trained with. Raises ModelFileError for
    those of another version, ValueError for scores that do not fit the vocabulary."""
    views = None
    if conditioning and config.views:
        for feature in conditioning.features:
            feature.check()
        views = vocabulary_views(conditioning, vocabulary)
    if weights.n_scores == (views.n_scores if views else vocabulary.size):
        return replace(weights, views=views)
    if views and weights.n_scores > vocabulary.size:
        raise ModelFileError(
            "the model has other views of tones and durations than this version: "
            "it was trained by an earlier one",
            path=path,
            hint="train it again",
        )
    raise ValueError(f"{weights.n_scores} scores are not those of the vocabulary")


def pretrained_model(name: str = BUNDLED[0]) -> Path:
    """The file of a bundled model, one of BUNDLED; a text with its name beside it describes it."""
    return Path(str(resources.files("djmodel.data") / f"{name}.keras"))


def model_path(given: Path | None) -> Path:
    """The file of a model that a user names: a file, the folder of a training, or a bundled model
    where there is no such file (a folder may have that name); the first bundled model if none is
    named. Raises SettingError for changes, or music, in place of a model, and FileError for a name
    without a folder and a suffix that is neither."""
    if given is None:
        return pretrained_model()
    name = str(given)
    if name in BUNDLED and not os.path.isfile(given):
        return pretrained_model(name)
    check_not_changes(name, "a model")
    if given.suffix.lower() in SUFFIXES:
        message = f"'{name:.60}' is not a model but music"
        raise SettingError(message, "over", hint="give it as the tune to play over")
    if given.suffix.lower() in (*SOUND, *PICTURE, *PAGE, *PDF):
        message = f"'{name:.60}' is not a model"
        raise SettingError(message, "out", hint="give it as the file to write")
    if os.path.exists(given) or given.suffix or len(given.parts) > 1:
        return model_in(given)
    raise FileError(
        "this is neither a file nor a bundled model",
        path=given,
        hint=f"the bundled models are {' and '.join(BUNDLED)}",
    )


def bundled_model_of(identity: str) -> tuple[Path, DjModel] | None:
    """The bundled model with this identity, behind its file."""
    for path in map(pretrained_model, BUNDLED):
        model = load(path)
        if model.identity == identity:
            return path, model
    return None


def _check(model: DjModel) -> None:
    if model.config.grammar == "jazz":
        _check_jazz(model)
    else:
        for value in model.values:
            if value.duration > MAX_BAR_LENGTH or abs(value.leap or 0) > MAX_PITCH:
                raise ValueError(f"the value {value!s:.40} is out of range")
    for register in (model.registers.all, *model.registers.by_instrument.values()):
        if register.low > register.high:
            raise ValueError("the lowest pitch of the register is above its highest")
    model_file.check_indices(model.sequences, model.vocabulary)
    if model.titles and len(model.tunes) + len(model.titles) != len(model.sequences):
        raise ValueError("the titles are not those of the sequences")
    if model.conditioning and model.bar_positions:
        raise ValueError("conditioning features of two grammars")
    per_value = model.grammar.symbols_per_value
    lengths = [per_value * sum(map(len, model.encode_tune(tune))) for tune in model.tunes]
    if lengths != [*map(len, model.sequences[: len(lengths)])]:
        raise ValueError("the sequences are not those of the tunes")
    n_conditioning = model.weights.n_inputs - model.weights.n_values
    if n_conditioning != len(model.bar_positions or model.conditioning or ()):
        raise ValueError(f"{n_conditioning} conditioning inputs are not those of the features")


def _check_jazz(model: DjModel) -> None:
    """Raises ValueError for symbols that are not those of the grammar of jazz."""
    durations = [symbol for symbol in model.vocabulary.symbols if is_duration(symbol)]
    tones = [symbol for symbol in model.vocabulary.symbols if not is_duration(symbol)]
    if not durations or "R" not in tones:
        raise ValueError("a vocabulary of jazz without a duration, or without a rest")
    for duration, tone in zip_longest(durations, tones, fillvalue=None):
        value = value_of(duration or durations[0], tone or tones[0])
        has_leap = value.exact or value.is_rest or value.is_tie
        if value.duration > MAX_BAR_LENGTH or abs(value.leap or 0) > MAX_PITCH or not has_leap:
            raise ValueError(f"the value {value!s:.40} is out of range")
    is_tone = np.array([not is_duration(symbol) for symbol in model.vocabulary.symbols])
    for sequence in model.sequences:
        kinds = is_tone[list(sequence)]
        if len(kinds) % 2 or kinds[::2].any() or not kinds[1::2].all():
            raise ValueError("a training sequence that does not alternate durations and tones")
