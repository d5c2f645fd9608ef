"""New names from a trained model and a seed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import numpy as np

from dinos.names import END, MAX_LENGTH, capitalised, encode, fold
from dinos.ngram_features import n_inputs, name_automaton, walk, with_ngrams
from dinos.training import KIND, Content, DinosModel, log_probabilities
from seqmodel import model_file
from seqmodel.data.vocabulary import Vocabulary
from seqmodel.data.windows import PADDING
from seqmodel.errors import SamplingError, VocabularyError
from seqmodel.files import model_in
from seqmodel.sampling.config import SamplingConfig
from seqmodel.sampling.constraints import Automaton
from seqmodel.sampling.copy_limit import CopyLimit
from seqmodel.sampling.sampler import sample
from seqmodel.settings import Count, Seed, checked
from seqmodel.text import first_of

NAMES_PER_ROUND = 256  # drawn at once
MAX_SHOWN = 60  # letters in an error
PATIENCE = 50  # names drawn for each new one that is asked for, at most


@dataclass(frozen=True)
class GeneratedName:
    """A name as the model spells it. `log_probabilities`: the natural log-probability of each
    character at temperature 1, the end included unless the name was `cut` for its length.
    `in_training`, `held_out`: it is a training name, or a held-out one."""

    name: str
    log_probabilities: tuple[float, ...]
    cut: bool
    in_training: bool
    held_out: bool

    @property
    def new(self) -> bool:
        """True if it is not in the list."""
        return not (self.in_training or self.held_out)


def pretrained_model() -> Path:
    """The file of the bundled model, trained on the bundled list of dinosaurs."""
    return Path(str(files("dinos.data").joinpath("dinos.keras")))


@checked
def load(path: str | Path) -> DinosModel:
    """A model that `dinos` trained: its file, or the folder of the training. Raises FileError or
    ModelFileError."""
    path = model_in(Path(path))
    model = model_file.load(path, KIND, Content)
    with model_file.corrupt_file_errors(path):
        known = model.vocabulary
        if END not in known or {*map(len, known.symbols)} != {1} or known.size != len(known):
            raise ValueError("the symbols are not the characters of names")
        if model.weights.n_scores != known.size:
            raise ValueError("the weights do not match the characters of names")
        if n_inputs(automaton_of(model)) != model.weights.n_inputs:
            raise ValueError("the weights do not match the n-grams of the training names")
    return model


@checked
def generate(
    model: DinosModel,
    *,
    count: Count = 1,
    seed: Seed = 0,
    sampling: SamplingConfig = SamplingConfig(),
    start: str = "",
    max_length: Count = MAX_LENGTH,
    new: bool = False,
    max_copy: Count | None = None,
) -> list[GeneratedName]:
    """`count` names that begin with `start` and have at most `max_length` characters.

    `max_copy` limits the letters in a row that are copied from a training name (`start` aside).
    With `new` only names that are not in the list, each once; fewer than `count` if
    256 + 50 * `count` draws find no more. Raises VocabularyError for a letter of
    `start` outside the vocabulary, SamplingError for a `start` that leaves no room, or if
    `max_copy` leaves no way to the end."""
    begun = known_letters(start, model)
    if len(begun) >= max_length:
        raise SamplingError(
            f"the start `{start}` has {len(begun)} characters, and names may have {max_length}",
            hint="shorten the start, or raise the maximum length",
        )
    primer = [int(index) for index in model.vocabulary.encode(begun)]
    limit = None
    if max_copy is not None:
        known = [model.vocabulary.encode(name).tolist() for name in model.content.training]
        limit = CopyLimit(max_copy, known, primer)
    drawn = _draw(model, count, seed, sampling, primer, max_length, limit, endless=new)
    if not new:
        return [next(drawn) for _ in range(count)]
    found: dict[str, GeneratedName] = {}
    for _ in range(NAMES_PER_ROUND + PATIENCE * count):
        generated = next(drawn)
        if generated.new:
            found.setdefault(generated.name, generated)
        if len(found) == count:
            break
    return list(found.values())


def spelled(generated: GeneratedName, model: DinosModel) -> str:
    """The name with capitals, unless the model keeps upper and lower case apart."""
    return generated.name if model.content.keep_case else capitalised(generated.name)


def known_letters(start: str, model: DinosModel) -> str:
    """`start` as the model spells it: without spaces before the first letter, with one between
    words. Raises VocabularyError for letters outside the vocabulary."""
    spaced = re.sub(" +", " ", start).lstrip(" ")
    begun = fold(spaced, model.content.keep_case)
    strange = [s for s in dict.fromkeys(begun) if s not in model.vocabulary or s == END]
    if strange:
        letters = "letters" if len(strange) > 1 else "letter"
        shown = first_of([*map(repr, strange)], MAX_SHOWN)
        raise VocabularyError(
            f"the model does not know the {letters} {shown} of {start[:MAX_SHOWN]!r}, only "
            f"{_letters(model.vocabulary)}",
            hint="start with other letters",
        )
    return begun


def automaton_of(model: DinosModel) -> Automaton:
    """The automaton of the names, and of the n-grams that the model reads."""
    context = model.content.config.context
    names = model.content.training if context > 1 else ()
    rows = [encode(name, model.vocabulary) for name in names]
    return name_automaton(model.vocabulary, rows, context)


def closest(name: str, names: Sequence[str]) -> tuple[str, int]:
    """The name of `names` closest to `name`, the first of several, and their Levenshtein
    distance."""
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import extractOne

    found, distance, _ = extractOne(name, names, scorer=Levenshtein.distance)
    return found, int(distance)


def _draw(
    model: DinosModel,
    count: int,
    seed: int,
    sampling: SamplingConfig,
    primer: Sequence[int],
    max_length: int,
    limit: CopyLimit | None,
    endless: bool,
) -> Iterator[GeneratedName]:
    """Names one after the other; the first ones are the same for any `count`."""
    rng = np.random.default_rng(seed)
    known = automaton_of(model)
    primed = np.array([[PADDING, *primer]], dtype=np.int32)
    automaton = replace(known, start=int(walk(known, primed)[0, -1]))
    primer_conditioning = (
        None if known.conditioning is None else with_ngrams(known, primed)[0, :-1, 1:]
    )
    training, held_out = set(model.content.training), set(model.content.held_out)
    left = count
    while endless or left > 0:
        n_names = NAMES_PER_ROUND if endless else min(NAMES_PER_ROUND, left)
        left -= n_names
        samples = sample(
            model.weights,
            automaton,
            sampling,
            rng,
            n_sequences=n_names,
            max_length=max_length - len(primer) + 1,  # the end takes a place, too
            primer=primer,
            primer_conditioning=primer_conditioning,
            copy_limit=limit,
        )
        # A name that has not ended is one character too long.
        rows = [[*primer, *row][: max_length + 1] for row in samples.rows()]
        rows = [row if end else row[:-1] for row, end in zip(rows, samples.ended, strict=True)]
        names = [np.array(row, dtype=np.int32) for row in rows]
        scores = log_probabilities(model.weights, names, known)
        for row, end, score in zip(rows, samples.ended, scores, strict=True):
            name = "".join(model.vocabulary.decode(row[:-1] if end else row))
            yield GeneratedName(
                name,
                tuple(float(value) for value in score),
                cut=not end,
                in_training=name in training,
                held_out=name in held_out,
            )


def _letters(known: Vocabulary) -> str:
    letters = "".join(symbol for symbol in known.symbols if symbol != END)
    more = f" and {len(letters) - MAX_SHOWN} more" if len(letters) > MAX_SHOWN else ""
    return letters[:MAX_SHOWN].replace(" ", "space, ") + more
