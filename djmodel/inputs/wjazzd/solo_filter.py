"""Choice of solos by player, instrument, style, feel or name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated

from djmodel.inputs.wjazzd.names import feel_of, instrument_of
from seqmodel.errors import CorpusError
from seqmodel.settings import Setting
from seqmodel.text import first_of, name_key, names_meant, nearest_names

if TYPE_CHECKING:
    from djmodel.inputs.wjazzd.records import SoloInfo

_PANEL = "Solos of a jazz database"
_LISTED = 10  # names in a message


def _only(what: str, metavar: str, option: str = "") -> Setting:
    return Setting(f"Only {what} (repeatable).", _PANEL, metavar=metavar, option=option)


@dataclass(frozen=True)
class SoloFilter:
    """A choice of solos of a database: those that match one name of each kind that is given.
    Upper and lower case, spaces and signs do not matter, and a word of a name, such as a last
    name, stands for it where no other name has it."""

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
        the nearest ones, for one that may be several, and for a choice that leaves no solo."""
        chosen = [True] * len(infos)
        for kind, names_of in _NAMES.items():
            wanted = getattr(self, kind)
            if not wanted:
                continue
            known = [names_of(info) for info in infos]
            keys = {name_key(_meant(name, kind, known)) for name in wanted}
            chosen = [
                was and not keys.isdisjoint(map(name_key, names))
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


def _meant(name: str, kind: str, known: Iterable[tuple[str, ...]]) -> str:
    """The name that is meant by one that is typed, or by a word of it. Raises CorpusError if no
    solo has it, with the nearest names, or if it may be several."""
    shown = {other: names[0] for names in known for other in names if other}
    meant = names_meant(name, shown)
    several = sorted({shown[other] for other in meant})
    if len({*map(name_key, meant)}) > 1 and len(several) > 1:
        message = f"the {kind} '{name:.60}' may be {first_of(several, _LISTED)}"
        raise CorpusError(message, hint="give the whole name")
    if meant:
        return meant[0]
    every = sorted({*shown.values()})
    if len(every) <= _LISTED:
        hint = f"choose from {', '.join(every)}"
    else:
        near = dict.fromkeys(shown[other] for other in nearest_names(name, shown))
        hint = f"the nearest names are {', '.join(near)}" if near else ""
    raise CorpusError(f"no solo has the {kind} '{name:.60}'", hint=hint)
