"""Provenance of a solo: the text in its MIDI file that says how it was made, so that it can be
made again.

Equal configurations, models and versions give equal solos, byte for byte.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import msgspec

from djmodel.config import MAX_QUARTERS, MAX_SOLOS, GenerationConfig
from djmodel.inputs import midi_parser
from djmodel.model.improvise import Solo
from djmodel.model.model_file import DjModel, bundled_model_of
from djmodel.model.solos import changes_of, generate_solos, performance_of
from djmodel.music.charts.config import ChartConfig
from djmodel.outputs.midi import performance_bytes
from djmodel.outputs.performance.config import PerformanceConfig
from seqmodel.errors import FileError, InputError
from seqmodel.files import check_input_file, sha256_of_file
from seqmodel.model_file import installed_versions
from seqmodel.sampling.config import SamplingConfig
from seqmodel.settings import SettingError, settings_of

FORMAT = 1
_MADE_BY = "djmodel"
# A bar of a solo takes more bytes than this, but for some in which nobody plays.
_BYTES_PER_BAR, _FREE_BARS = 16, 32


@dataclass(frozen=True)
class Provenance:
    """Origin of a MIDI file: it is solo number `solo`, counted from 1, of a configuration. `model`
    is the identity of the model, `files` are the SHA-256 of the music that was read, `versions`
    those of the packages that decide the bytes of a solo."""

    config: GenerationConfig
    solo: int
    model: str
    files: dict[str, str]
    versions: dict[str, str]

    @property
    def text(self) -> str:
        """The text for the MIDI file: one line of JSON, in ASCII."""
        return json.dumps(
            {
                "made by": _MADE_BY,
                "format": FORMAT,
                "solo": self.solo,
                "settings": self.config.settings,
                "model": self.model,
                "files": self.files,
                "versions": self.versions,
            }
        )


class _Mark(msgspec.Struct):
    """The fields that a text of any format has."""

    made_by: str = msgspec.field(name="made by")
    format: int


class _Text(msgspec.Struct):
    """The text in a MIDI file."""

    solo: Annotated[int, msgspec.Meta(ge=1, le=MAX_SOLOS)]
    settings: dict[str, Any]
    model: str
    files: dict[str, str]
    versions: dict[str, str]


def with_provenance(solos: Sequence[Solo], config: GenerationConfig, model: DjModel) -> list[Solo]:
    """The first solos of a configuration, each with the text for its MIDI file."""
    files = {name: sha256_of_file(name) for name in config.files}
    versions = current_versions()
    return [
        replace(solo, provenance=Provenance(config, number, model.identity, files, versions).text)
        for number, solo in enumerate(solos, start=1)
    ]


def current_versions() -> dict[str, str]:
    """The versions of the packages that decide the bytes of a solo, by name."""
    return {"python": platform.python_version(), **installed_versions("djmodel", "numpy")}


def read_provenance(path: str | Path) -> tuple[Provenance, str]:
    """The provenance of the MIDI file at `path`, and its text. Raises FileError if it is not a MIDI
    file, or has no such text."""
    path = check_input_file(path, "a MIDI file")
    hint = "choose a file that `djmodel generate` wrote"
    try:
        tracks = midi_parser.parse(path.read_bytes()).tracks
    except midi_parser.DamagedFileError as error:
        raise FileError(str(error), path=path, hint=hint) from error
    metas = (meta for track in tracks for meta in track.metas if meta.kind == midi_parser.TEXT)
    for text in (meta.data.decode("utf-8", "replace") for meta in metas):
        try:
            mark = msgspec.convert(json.loads(text), type=_Mark)
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
            continue  # another text
        if mark.made_by == _MADE_BY:
            return _parse(text, mark, path), text
    raise FileError("the file does not say how it was made", path=path, hint=hint)


def model_of_solos(files: Iterable[str | Path]) -> tuple[Path, DjModel] | None:
    """The bundled model that made the solos among these files, behind its file; None if no file
    says how it was made. Raises InputError for solos by different models, or by one that is not
    bundled."""
    made: dict[str, str | Path] = {}
    for path in files:
        with suppress(InputError):  # music of another kind
            made.setdefault(read_provenance(path)[0].model, path)
    if len(made) > 1:
        message = f"these solos were made by {len(made)} models"
        raise InputError(message, hint="evaluate the solos of one model at a time, or name a model")
    for identity, path in made.items():
        if bundled := bundled_model_of(identity):
            return bundled
        message = f"the solo was made by a model that is not bundled ({identity[:12]})"
        raise InputError(message, path=path, hint="name the model that made it")
    return None


def regenerate(
    provenance: Provenance,
    model: DjModel,
    path: str | Path | None = None,
    *,
    n_bytes: int | None = None,
) -> Solo:
    """The solo of this provenance, made again. `path` is the file of `model`, for errors; `n_bytes`
    the size of the file of the solo, where it is from a stranger. Raises InputError if it was made
    by another model, if music that it was made from is missing or has changed, if its settings are
    out of bounds, and if it has more bars than a file of this size can hold."""
    if provenance.model != model.identity:
        raise InputError(
            f"the solo was made by another model ({provenance.model[:12]},"
            f" not {model.identity[:12]})",
            path=path,
            hint="name the model that made it",
        )
    for name, sha256 in provenance.files.items():
        if not Path(name).is_file():
            raise InputError(
                "the music that the solo was made from is missing",
                path=name,
                hint="go to the folder in which it was generated",
            )
        if sha256_of_file(name) != sha256:
            raise InputError(
                "the music has changed since the solo was made from it",
                path=name,
                hint="restore it as it was",
            )
    hint = "choose a file that `djmodel generate` wrote"
    try:
        changes = changes_of(model, provenance.config)
        n_bars = len(changes.bars)
        if n_bytes is not None and n_bars > _FREE_BARS + n_bytes // _BYTES_PER_BAR:
            message = f"the solo would have {n_bars:,} bars, more than its {n_bytes:,} bytes hold"
            raise InputError(message, hint=hint)
        number = provenance.solo
        [solo] = generate_solos(model, provenance.config, number, changes=changes, skip=number - 1)
    except SettingError as error:  # not one of the options of a command
        raise InputError(error.message, hint=hint) from error
    return solo


def solo_in(path: str | Path, model: DjModel) -> Solo | None:
    """The solo in the MIDI file at `path`, with the values that `model` generated. None if `model`
    did not make it, if it cannot be made again byte for byte, or is the last of solos that have
    more than MAX_QUARTERS quarter notes together."""
    try:
        provenance, text = read_provenance(path)
        if provenance.model != model.identity:
            return None
        if provenance.solo * changes_of(model, provenance.config).length > MAX_QUARTERS:
            return None
        solo = regenerate(provenance, model, n_bytes=Path(path).stat().st_size)
    except InputError:
        return None
    performance = performance_of(solo.tune, provenance.config)
    return solo if performance_bytes(performance, text) == Path(path).read_bytes() else None


def _parse(text: str, mark: _Mark, path: Path) -> Provenance:
    if mark.format != FORMAT:
        raise FileError(
            f"how the file was made is written in format {mark.format}, but this version reads"
            f" {FORMAT}",
            path=path,
        )
    try:
        said = msgspec.convert(json.loads(text), type=_Text)
        config = _config(said.settings)
    except (ValueError, RecursionError) as error:
        raise FileError(
            f"the text on how the file was made is damaged ({error})", path=path
        ) from error
    return Provenance(config, said.solo, said.model, said.files, said.versions)


def _config(settings: dict[str, Any]) -> GenerationConfig:
    """The configuration with these settings. Raises ValueError for settings that it cannot have."""
    unknown = settings.keys() - settings_of(GenerationConfig).keys()
    if unknown:
        raise ValueError(f"the setting {min(unknown)!r:.40} is unknown")
    nested = {
        "chart": ChartConfig,
        "sampling": SamplingConfig,
        "performance": PerformanceConfig,
    }
    parts = {
        part: {name: settings.pop(name) for name in settings.keys() & settings_of(config).keys()}
        for part, config in nested.items()
    }
    return msgspec.convert({**settings, **parts}, GenerationConfig)
