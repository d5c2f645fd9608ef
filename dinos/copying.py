"""Runs of letters that generated names share with the training names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dinos.training import DinosModel
from seqmodel.suffix_automaton import SuffixAutomaton
from seqmodel.text import pluralize

FEW_NAMES = 300  # fewer than this, and a model memorizes many of them


class CommonRun(NamedTuple):
    """The longest run of letters that a name shares with a training name, and that name."""

    letters: str
    source: str


class TrainingNames:
    """The training names of a model, indexed for common runs of letters."""

    def __init__(self, model: DinosModel) -> None:
        self.names: Sequence[str] = model.content.training
        self.held_out: Sequence[str] = model.content.held_out
        self._known = SuffixAutomaton(self.names)

    def shared(self, name: str) -> CommonRun:
        """The longest common run of `name`; the first of several."""
        found = self._known.longest_copy(name)
        letters = name[found.place : found.place + found.length]
        return CommonRun(letters, self.names[found.source] if found.length else "")

    def summary(self, names: Iterable[str]) -> str:
        """The common runs of `names` with the training names, beside those of held-out names."""
        shared = [self.shared(name) for name in names]
        longest = max(shared, key=lambda run: len(run.letters))
        said = f"shared with the list: {_mean(shared):.1f} letters in a row"
        if self.held_out:
            said += f" (held-out names {_mean([*map(self.shared, self.held_out)]):.1f})"
        if not longest.letters:
            return said
        return f"{said}, at most {len(longest.letters)}: {longest.letters!r} as in {longest.source}"


def _mean(shared: Sequence[CommonRun]) -> float:
    return sum(len(run.letters) for run in shared) / len(shared)


def memorization_warning(n_names: int) -> str:
    """A warning where the list is so short that a model memorizes many names, else ""."""
    if n_names >= FEW_NAMES:
        return ""
    return f"trained on {pluralize(n_names, 'name')} only: expect some of them among the new ones"
