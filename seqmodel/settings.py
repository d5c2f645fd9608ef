"""Options declared once: the fields of a configuration, each with its help text and its bounds.

A configuration is a frozen dataclass whose fields are annotated with a `Setting`. It checks itself
when it is made, and commands derive their options from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, get_type_hints

from seqmodel.errors import InputError


class SettingError(InputError):
    """A setting outside its bounds, or settings that exclude each other."""


@dataclass(frozen=True)
class Setting:
    """An option: `epochs: Annotated[int, Setting("Passes over the windows.", minimum=1)] = 100`.

    `help` and `metavar` are for command lines, and `panel` is the heading that groups options
    there. `minimum` and `maximum` are allowed values, `above` is the largest one that is not.
    `choices` are all allowed values, where there are few.
    """

    help: str
    panel: str = ""
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    choices: tuple[str, ...] = ()
    metavar: str | None = None

    def check(self, name: str, value: Any) -> None:
        """Raises SettingError if `value` is not allowed; None, an unset option, always is."""
        if value is None:
            return
        if self.choices and value not in self.choices:
            raise SettingError(f"{name} is {value!r}, but must be {' or '.join(self.choices)}")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            low = self.minimum is None or value >= self.minimum
            high = self.maximum is None or value <= self.maximum
            beyond = self.above is None or value > self.above
            if not (math.isfinite(value) and low and high and beyond):
                raise SettingError(f"{name} is {value}, but must be {self._bounds()}")

    def _bounds(self) -> str:
        said = []
        if self.minimum is not None:
            said.append(f"at least {self.minimum:,}")
        if self.above is not None:
            said.append(f"above {self.above:,}")
        if self.maximum is not None:
            said.append(f"at most {self.maximum:,}")
        return " and ".join(said) or "a finite number"


def settings_of(config_class: type) -> dict[str, Setting]:
    """The settings of a configuration class, by field name, in the order of the fields."""
    hints = get_type_hints(config_class, include_extras=True)
    found = {}
    for field in fields(config_class):
        for note in getattr(hints[field.name], "__metadata__", ()):
            if isinstance(note, Setting):
                found[field.name] = note
    return found


def check_settings(config: Any) -> None:
    """Raises SettingError for the first field of a configuration that is outside its bounds."""
    for name, setting in settings_of(type(config)).items():
        setting.check(name.replace("_", " "), getattr(config, name))
