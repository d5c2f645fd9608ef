"""Options of a command line, derived from the settings among the parameters of a command.

A command is a function. A parameter annotated with a `Setting` becomes an option; a parameter that
is a configuration becomes one option for each of its settings; Typer reads all other parameters.

    def command(config: GenerationConfig, out: Annotated[Path, Setting("MIDI file.")]) -> None: ...
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass, replace
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

import typer

from seqmodel.errors import InputError
from seqmodel.settings import (
    Field,
    Setting,
    SettingError,
    fields_of,
    settings_of,
    with_settings,
)
from seqmodel.text import any_of

Command = Callable[..., None]
AUTO = "auto"  # the command chooses the preset


@dataclass(frozen=True)
class Options:
    """Annotation of a configuration, for a command that offers only some of its settings or several
    presets.

    Attributes:
        names: the settings that become options; empty: all.
        presets: configurations by name; an option `--preset` chooses one, and the other options
            change it. A parameter that is a mapping of configurations also offers AUTO, the
            default: the command gets all presets by name, or the one that is chosen.
        panel: the heading of these options in the help; empty: that of each setting.
    """

    names: tuple[str, ...] = ()
    presets: Mapping[str, Any] | None = None
    panel: str = ""


def with_options(command: Command) -> Command:
    """The command with options in place of its settings and configurations, for Typer.

    The defaults of the options are those of the configuration that is the parameter's default, or
    of its class. Errors about settings name their options.
    """
    hints = get_type_hints(command, include_extras=True)
    parameters: list[Parameter] = []
    configs: dict[str, _ConfigOptions] = {}
    settings: list[Field] = []
    for name, parameter in signature(command).parameters.items():
        kind, *notes = _unpacked(hints[name])
        setting = next((note for note in notes if isinstance(note, Setting)), None)
        if setting:
            field = Field(name, kind, setting, parameter.default)
            settings.append(field)
            parameters.append(_option(field))
            continue
        options = next((note for note in notes if isinstance(note, Options)), Options())
        if get_origin(kind) is Mapping and options.presets:
            configs[name] = _ConfigOptions(next(iter(options.presets.values())), options, auto=True)
            parameters += configs[name].parameters()
        elif isinstance(kind, type) and is_dataclass(kind):
            default = kind() if parameter.default is Parameter.empty else parameter.default
            configs[name] = _ConfigOptions(default, options)
            parameters += configs[name].parameters()
        else:
            parameters.append(keyword(name, hints[name], parameter.default))
    fields = [*settings, *(field for config in configs.values() for field in config.fields)]
    names = {"preset": "--preset"} | {field.name: _name(field) for field in fields}

    @wraps(command)
    def program(**arguments: Any) -> None:
        try:
            for field in settings:
                field.setting.check(field.name, arguments[field.name])
            for name, config in configs.items():
                arguments[name] = config.take_from(arguments)
            command(**arguments)
        except InputError as error:
            raise InputError(_naming_options(error, names)) from error

    set_signature(program, parameters)
    return program


def _naming_options(error: InputError, names: Mapping[str, str]) -> str:
    """The text of an error, with the names of the options that it concerns."""
    fields = [field for field in getattr(error, "fields", ()) if field in names]
    text = str(error)
    if not fields:
        return text
    subject = fields[0].replace("_", " ")
    if text.startswith(f"{subject} must be "):
        return names[fields[0]] + text.removeprefix(subject)
    return f"{text} ({', '.join(names[field] for field in fields)})"


def set_signature(program: Command, parameters: list[Parameter]) -> None:
    """Sets the parameters that Typer reads from a function that accepts any keywords."""
    program.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    program.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}


class _ConfigOptions(NamedTuple):
    """The options made from one configuration."""

    default: Any
    options: Options
    auto: bool = False

    @property
    def fields(self) -> list[Field]:
        names, panel = self.options.names, self.options.panel
        return [
            field._replace(setting=replace(field.setting, panel=panel or field.setting.panel))
            for field in fields_of(self.default)
            if not field.setting.hidden and (not names or field.name in names)
        ]

    def parameters(self) -> Iterator[Parameter]:
        presets = self.options.presets
        if not presets:
            for field in self.fields:
                yield _option(field)
            return
        if self.auto:
            names, default = (AUTO, *presets), AUTO
            choice = f"; {AUTO}: those that predict unseen music best, by the amount of music"
        else:
            names, choice = tuple(presets), ""
            default = next(name for name, config in presets.items() if config == self.default)
        help_text = f"Settings to start from{choice}. The other options override them."
        setting = Setting(help_text, self.fields[0].setting.panel, choices=names)
        yield _option(Field("preset", str, setting, default))
        by_preset = {name: settings_of(config) for name, config in presets.items()}
        for field in self.fields:
            yield _option(
                field._replace(default=None),
                {name: values[field.name] for name, values in by_preset.items()},
            )

    def take_from(self, arguments: dict[str, Any]) -> Any:
        """Removes the values of the options from the arguments of a command and returns the
        configuration that they make, by preset with `auto`."""
        config, presets = self.default, self.options.presets
        name = arguments.pop("preset") if presets else None
        given = {field.name: arguments.pop(field.name) for field in self.fields}
        texts = {field.name for field in self.fields if {int, str} <= {*get_args(field.type)}}
        given |= {n: int(given[n]) for n in texts if re.fullmatch(r"\d{1,18}", str(given[n]))}
        given |= {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
        if presets:
            names = [AUTO, *presets] if self.auto else [*presets]
            if name not in names:
                raise SettingError(f"preset must be {any_of(names)}, not '{name}'", "preset")
            if self.auto:
                chosen = presets if name == AUTO else {name: presets[name]}
                return {name: with_settings(config, **given) for name, config in chosen.items()}
            config = presets[name]
        return with_settings(config, **given)


def _option(field: Field, by_preset: Mapping[str, Any] | None = None) -> Parameter:
    """The option of a setting; `by_preset` are its defaults by preset, for the help."""
    name, kind, setting, default = field
    defaults = by_preset or {"": default}
    texts = {preset: _text(value, setting) for preset, value in defaults.items()}
    if len(set(texts.values())) == 1:
        texts = {"": next(iter(texts.values()))}
    shown = ", ".join(f"{preset} {text}".strip() for preset, text in texts.items())
    if setting.choices:  # which the setting checks, and says in its own words
        kind = str | None if type(None) in get_args(kind) else str
    elif get_origin(kind) is tuple:
        kind, default = list[get_args(kind)[0]], list(default or ())  # type: ignore[misc]
    elif {int, str} <= {*get_args(kind)}:  # a number, or text that says more
        kind = str
        default = None if default is None else str(default)
    if default is None and type(None) not in get_args(kind):
        kind = kind | None
    note: Any
    about: dict[str, Any] = {
        "help": setting.help + (f" \\[default: {shown}]" if shown else ""),
        "metavar": setting.metavar or "|".join(setting.choices) or _metavar(kind),
        "show_default": False,
    }
    if setting.choices:
        about["autocompletion"] = lambda: list(setting.choices)
    if setting.positional:
        note = typer.Argument(**about)
    else:
        names = [_name(field), f"-{setting.short}"] if setting.short else [_name(field)]
        note = typer.Option(*names, rich_help_panel=setting.panel or None, **about)
    return keyword(name, Annotated[kind, note], default)


def _metavar(kind: Any) -> str | None:
    """The name of a value in the help by its type; none for a flag."""
    names = {bool: "", int: "N", float: "X", Path: "PATH"}
    kinds = [each for each in (kind, *get_args(kind)) if each in names]
    return names[kinds[0]] if kinds else None


def _text(default: Any, setting: Setting) -> str:
    """A default as the help shows it; empty for a flag and for a required option."""
    if default is None or default == ():
        return setting.default
    if isinstance(default, bool) or default is Parameter.empty:
        return ""
    return f"{default:g}" if isinstance(default, float) else f"{default}"


def _name(field: Field) -> str:
    return "--" + (field.setting.option or field.name).replace("_", "-")


def keyword(name: str, annotation: Any, default: Any = Parameter.empty) -> Parameter:
    """A keyword-only parameter."""
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _unpacked(hint: Any) -> tuple[Any, ...]:
    """A type and its annotations."""
    return get_args(hint) if get_origin(hint) is Annotated else (hint,)
