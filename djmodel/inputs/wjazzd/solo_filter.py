"""Choice of solos by player, instrument, style, feel or name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

from djmodel.inputs.wjazzd.names import feel_of, instrument_of
from seqmodel.errors import CorpusError
from seqmodel.settings import Setting

if TYPE_CHECKING:
    from djmodel.inputs.wjazzd.records import SoloInfo

_PANEL = "Solos of a jazz database"
_NEAREST = 3


def _only(what: str, metavar: str, option: str = "") -> Setting:
    return Setting(f"Only {what} (repeatable).", _PANEL, metavar=metavar, option=option)


@dataclass(frozen=True)
class SoloFilter:
    """A choice of solos of a database: those that match one name of each kind that is given.
    Upper and lower case, spaces and signs do not matter."""

    player: Annotated[
        tuple[str, ...], _only("solos by this player, such as 'Charlie Parker'", "NAME")
    ] = ()
    instrument: Annotated[
        tuple[str, ...], _only("solos on this instrument, such as 'alto sax'", "NAME")
    ] = ()
    style: Annotated[tuple[str, ...], _only("solos of this style, such as bebop", "NAME")] = ()
    feel: Annotated[
        tuple[str, ...], _only("solos of this feel: swing, latin, funk, ballad, twobeat", "NAME")
    ] = ()
    solo: Annotated[
        tuple[str, ...], _only("the solo of this name, such as CharlieParker_DonnaLee", "NAME")
    ] = ()

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))

    def choose(self, infos: Sequence[SoloInfo]) -> list[bool]:
        """True for each solo that is chosen. Raises CorpusError for a name that no solo has, with
        the nearest ones, and for a choice that leaves no solo."""
        chosen = [True] * len(infos)
        for kind, names_of in _NAMES.items():
            wanted = getattr(self, kind)
            if not wanted:
                continue
            known = [names_of(info) for info in infos]
            keys = {_key(_checked(name, kind, known)) for name in wanted}
            chosen = [
                was and not keys.isdisjoint(map(_key, names))
                for was, names in zip(chosen, known, strict=True)
            ]
        if infos and not any(chosen):
            raise CorpusError(f"no solo is {self}", hint="leave one of these out")
        return chosen

    def __str__(self) -> str:
        """The choice in words."""
        words = {
            "player": "by",
            "instrument": "on",
            "style": "in the style",
            "feel": "in the feel",
            "solo": "named",
        }
        given = {kind: getattr(self, kind) for kind in words}
        return " and ".join(
            f"{words[kind]} {' or '.join(names)}" for kind, names in given.items() if names
        )


def _instrument_names(info: SoloInfo) -> tuple[str, ...]:
    return instrument_of(info.instrument).name, info.instrument


# The names by which a solo is chosen, the first of which is shown.
_NAMES: dict[str, Callable[[SoloInfo], tuple[str, ...]]] = {
    "player": lambda info: (info.performer,),
    "instrument": _instrument_names,
    "style": lambda info: (info.style.lower(),),
    "feel": lambda info: (feel_of(info.feel),),
    "solo": lambda info: (info.id, info.title),
}


def _key(name: str) -> str:
    """A name without what does not matter."""
    return re.sub(r"[\W_]+", "", name).casefold()


def _checked(name: str, kind: str, known: Iterable[tuple[str, ...]]) -> str:
    """`name`, if a solo has it. Raises CorpusError with the nearest names."""
    shown = {_key(other): names[0] for names in known for other in names if other}
    if _key(name) in shown:
        return name
    near = get_close_matches(_key(name), shown, n=_NEAREST, cutoff=0.5)
    few = sorted(set(shown.values())) if len(set(shown.values())) <= 10 else []
    options = few or list(dict.fromkeys(shown[key] for key in near))
    hint = (
        f"{'choose from' if few else 'the nearest names are'} {', '.join(options)}"
        if options
        else ""
    )
    raise CorpusError(f"no solo has the {kind} '{name:.60}'", hint=hint)
