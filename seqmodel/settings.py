"""Options declared once, as fields of a configuration with a help text and bounds.

A configuration is a frozen dataclass whose fields are annotated with a `Setting`. It checks itself
when it is created, and commands derive their options from it (`command_line.options`). A field may
itself be a configuration; its settings then belong to the outer one as well. A `checked` function
compares its arguments with its annotations in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache, wraps
from inspect import Parameter, signature
from numbers import Integral, Real
from types import SimpleNamespace
from typing import Annotated, Any, NamedTuple, ParamSpec, TypeVar, get_args, get_type_hints

from seqmodel.errors import InputError
from seqmodel.text import any_of
from seqmodel.value_types import has_type, type_in_words, value_in_words

Config = TypeVar("Config")
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class SettingError(InputError):
    """A setting outside its bounds, or settings that exclude each other.

    `fields` are the names of these settings; a command shows them as options.
    """

    def __init__(self, message: str, *fields: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.fields = fields


class ArgumentTypeError(SettingError, TypeError):
    """A setting or an argument of another type than is declared. Of a class with an attribute
    `MADE_BY`, the error says where to get one: as a field of what is given, or made so."""

    def __init__(self, name: str, value: Any, kind: Any) -> None:
        subject, found = name.replace("_", " "), value_in_words(value, kind)
        made_by = (getattr(part, "MADE_BY", "") for part in (kind, *get_args(kind)))
        hint = next(filter(None, made_by), "")
        if hint and is_dataclass(value) and not isinstance(value, type):
            own = (each.name for each in fields(value) if has_type(getattr(value, each.name), kind))
            hint = next((f"its {name} is one" for name in own), hint)
        super().__init__(f"{subject} must be {type_in_words(kind)}, not {found}", name, hint=hint)


@dataclass(frozen=True)
class Setting:
    """An option: `epochs: Annotated[int, Setting("Passes over the windows.", minimum=1)] = 100`.

    Attributes:
        help: help text on the command line.
        panel: heading in the help under which the option stands.
        minimum, maximum: inclusive bounds.
        above: exclusive lower bound.
        choices: all allowed values, if there are few.
        metavar: name of the value in the help.
        option: name of the option, if it is not that of the field; `short` is a one-letter name.
        default: text in the help for an option that is not set (None).
        hidden: not an option of any command.
        positional: an argument without an option name.
    """

    help: str
    panel: str = ""
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    choices: tuple[str, ...] = ()
    metavar: str | None = None
    option: str = ""
    short: str = ""
    default: str = ""
    hidden: bool = False
    positional: bool = False

    def check(self, field: str, value: Any) -> None:
        """Raises SettingError if `value` is not allowed; None (not set) always is.

        >>> Setting("Solos.", minimum=1).check("count", 0)
        Traceback (most recent call last):
        seqmodel.settings.SettingError: count must be at least 1, not 0
        """
        if value is None:
            return
        name = field.replace("_", " ")
        if self.choices and value not in self.choices:
            raise SettingError(f"{name} must be {any_of(self.choices)}, not '{value}'", field)
        if has_type(value, float):
            low = self.minimum is None or value >= self.minimum
            high = self.maximum is None or value <= self.maximum
            beyond = self.above is None or value > self.above
            finite = isinstance(value, Integral) or math.isfinite(value)
            if not (finite and low and high and beyond):
                raise SettingError(f"{name} must be {self._bounds()}, not {value:,}", field)

    def _bounds(self) -> str:
        bounds = []
        if self.minimum is not None:
            bounds.append(f"at least {self.minimum:,}")
        if self.above is not None:
            bounds.append(f"above {self.above:,}")
        if self.maximum is not None:
            bounds.append(f"at most {self.maximum:,}")
        return " and ".join(bounds) or "a finite number"


class Field(NamedTuple):
    """A setting of a configuration: the name and type of its field, and its default value."""

    name: str
    type: Any
    setting: Setting
    default: Any


@cache
def _type_hints(cls: type) -> tuple[dict[str, Any], dict[str, Any]]:
    """The types of the fields of a class, without and with their settings."""
    return get_type_hints(cls), get_type_hints(cls, include_extras=True)


def fields_of(config: Any) -> list[Field]:
    """The settings of a configuration, or of a configuration class with its defaults, in the order
    of the fields, nested configurations included."""
    cls = config if isinstance(config, type) else type(config)
    plain, hints = _type_hints(cls)
    found: list[Field] = []
    for field in fields(cls):
        value = field.default if config is cls else getattr(config, field.name)
        if is_dataclass(plain[field.name]):
            found += fields_of(value)
        for note in getattr(hints[field.name], "__metadata__", ()):
            if isinstance(note, Setting):
                found.append(Field(field.name, plain[field.name], note, value))
    return found


def settings_of(config: Any) -> dict[str, Any]:
    """The values of all settings of a configuration, nested ones included, by name."""
    return {field.name: field.default for field in fields_of(config)}


def with_settings(config: Config, **settings: Any) -> Config:
    """A copy of the configuration with other `settings`, nested ones included; None changes
    nothing.

    Raises SettingError for values that are not allowed and TypeError for unknown names.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    changes: dict[str, Any] = {}
    for field in fields(config):  # type: ignore[arg-type]
        value = getattr(config, field.name)
        if field.name in given:
            changes[field.name] = given.pop(field.name)
        elif is_dataclass(value):
            names = settings_of(value).keys() & given.keys()
            changes[field.name] = with_settings(value, **{name: given.pop(name) for name in names})
    return replace(config, **changes, **given)  # type: ignore[type-var]


def check_settings(config: Any) -> None:
    """Raises SettingError for the first field of a configuration that is outside its bounds, and
    ArgumentTypeError for one of another type. NumPy's numbers become Python's."""
    for field in fields_of(config):
        field.setting.check(field.name, field.default)
    cls: Any = type(config)
    for name, kind in _type_hints(cls)[0].items():
        value = getattr(config, name)
        if not has_type(value, kind):
            raise ArgumentTypeError(name, value, kind)
        if isinstance(value, Real) and not isinstance(value, int | float):
            number = int(value) if isinstance(value, Integral) else float(value)
            object.__setattr__(config, name, number)  # as frozen dataclasses set their fields


def checked(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """A public function that refuses arguments of other types than it declares, or outside the
    bounds of the `Setting` that a parameter is annotated with: it raises ArgumentTypeError and
    SettingError. A parameter whose type is imported for type checkers alone is not checked.

    >>> @checked
    ... def choruses(count: Annotated[int, Setting("Choruses.", minimum=1)]) -> int:
    ...     return count
    >>> choruses("two")
    Traceback (most recent call last):
    seqmodel.settings.ArgumentTypeError: count must be a whole number, not 'two'
    """
    parameters = signature(function)

    @cache
    def kind_of(name: str) -> Any:
        annotation = parameters.parameters[name].annotation
        if annotation is Parameter.empty:
            return Any
        alone = SimpleNamespace(__annotations__={name: annotation})
        try:
            return get_type_hints(alone, function.__globals__, include_extras=True)[name]
        except NameError:
            return Any

    @wraps(function)
    def call(*args: Parameters.args, **named: Parameters.kwargs) -> Result:
        try:
            given = parameters.bind_partial(*args, **named).arguments
        except TypeError:  # which the function itself says better
            given = {}
        for name, value in given.items():
            kind = kind_of(name)
            if not has_type(value, kind):
                raise ArgumentTypeError(name, value, kind)
            for part in (kind, *get_args(kind)):  # in Count | None, that of Count
                for note in getattr(part, "__metadata__", ()):
                    if isinstance(note, Setting):
                        note.check(name, value)
        return function(*args, **named)

    return call


Seed = Annotated[
    int,
    Setting("Seed of the random numbers; the same seed gives the same result.", minimum=0),
]
Count = Annotated[int, Setting("Number of results.", minimum=1)]
