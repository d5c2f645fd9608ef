"""All that decides a solo, and the text in its MIDI file that says so: the way to make it again.

The same recipe, model and versions give the same solos to the last byte, whatever else is made
beside or before them; solo k of a seed is the same for any count.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from djmodel.config import MAX_BARS, MAX_SOLOS, GenerationConfig
from djmodel.inputs import midi_file as midifile
from djmodel.model.generation import backing_track, generate_solos
from djmodel.model.improvise import Solo
from seqmodel.errors import FileError, InputError
from seqmodel.files import check_input_file, sha256_of_file
from seqmodel.model_file import ModelFile, versions_of
from seqmodel.settings import fields_of, with_settings

FORMAT = 1
_MADE_BY = "djmodel"


class Provenance(NamedTuple):
    """How a MIDI file was made: solo number `solo`, from 1 on, of a recipe with a model. `model`
    and `files` are SHA-256 of what was read, `versions` those of what may change the bytes."""

    config: GenerationConfig
    solo: int
    model: str
    files: dict[str, str]
    versions: dict[str, str]

    @property
    def text(self) -> str:
        """As the MIDI file holds it: a line of JSON in letters of ASCII."""
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


def with_provenance(
    solos: Sequence[Solo], config: GenerationConfig, model: ModelFile
) -> list[Solo]:
    """Solos of a model with the text that says how they were made."""
    files = {name: sha256_of_file(name) for name in config.files}
    return [
        replace(
            solo,
            provenance=Provenance(config, number, model.identity, files, current_versions()).text,
        )
        for number, solo in enumerate(solos, start=1)
    ]


def current_versions() -> dict[str, str]:
    """The versions of what decides the bytes of a solo, by name."""
    return {"python": platform.python_version(), **versions_of("djmodel", "numpy")}


def read_provenance(path: str | Path) -> tuple[Provenance, str]:
    """How the MIDI file at `path` was made, and the text in it that says so. Raises FileError if
    it is no MIDI file, or does not say."""
    path = check_input_file(path, "a MIDI file")
    hint = "choose a file that `python -m djmodel.generate` wrote"
    try:
        tracks = midifile.parse(path.read_bytes()).tracks
    except midifile.Damaged as error:
        raise FileError(str(error), path=path, hint=hint) from error
    texts = [m.data.decode("utf-8", "replace") for t in tracks for m in t.metas if _is_text(m)]
    for text in texts:
        try:
            said = json.loads(text)
        except ValueError:
            continue  # some other remark
        if isinstance(said, dict) and said.get("made by") == _MADE_BY:
            return _origin(said, path), text
    raise FileError("a solo that says how it was made", "no such text", path=path, hint=hint)


def regenerate(provenance: Provenance, model: ModelFile, where: str | Path | None = None) -> Solo:
    """The solo that was made so. Raises InputError if `model`, which is the file `where`, is
    another one, or if the music that was played over is gone or not what it was."""
    _expect(provenance.model, model.identity, where, "the model that made it")
    for name, known in provenance.files.items():
        if not Path(name).is_file():
            hint = "go to the folder in which it was generated"
            raise InputError("the music that was played over", "no such file", path=name, hint=hint)
        _expect(known, sha256_of_file(name), name, "the music as it was")
    return generate_solos(model, provenance.config, provenance.solo)[-1]


def _expect(known: str, found: str, where: str | Path | None, what: str) -> None:
    if known != found:
        raise InputError(
            f"{what} ({known[:12]})", f"another ({found[:12]})", path=where, hint="name that one"
        )


def solo_in(path: str | Path, model: ModelFile) -> Solo | None:
    """The solo that the file at `path` holds, with the values that `model` chose for it; None if it
    is no MIDI file that `model` made and that can be made again to the last byte, in a time that no
    stranger's file should have (MAX_BARS)."""
    from djmodel.outputs.midi import midi_bytes

    try:
        provenance, text = read_provenance(path)
        if provenance.solo * len(backing_track(model, provenance.config).bars) > MAX_BARS:
            return None
        solo = regenerate(provenance, model)
    except InputError:  # something else, then
        return None
    return solo if midi_bytes(solo.tune, text) == Path(path).read_bytes() else None


def _is_text(meta: midifile.Meta) -> bool:
    return meta.kind == midifile.TEXT


def _origin(said: dict[str, Any], path: Path) -> Provenance:
    if said.get("format") != FORMAT:
        found = f"format {said.get('format')}"
        raise FileError(f"a text of format {FORMAT} on how it was made", found, path=path)
    try:
        config = _config(dict(said["settings"]))
        solo, model = int(said["solo"]), str(said["model"])
        if not 1 <= solo <= MAX_SOLOS:
            raise ValueError(f"solo {solo}")
        return Provenance(config, solo, model, dict(said["files"]), dict(said["versions"]))
    except (KeyError, TypeError, ValueError) as error:
        found = f"a damaged one ({error})"
        raise FileError("a text on how it was made", found, path=path) from error


def _config(settings: dict[str, Any]) -> GenerationConfig:
    """The configuration with these settings. Raises TypeError for those of another type."""
    for name, value in settings.items():
        usual = _TYPES[name]
        if not isinstance(value, usual) or isinstance(value, bool) != (usual is bool):
            raise TypeError(f"{name} {value!r:.40}")
    if "chord_part" in settings:
        settings["chord_part"] = tuple(settings["chord_part"])
    return with_settings(GenerationConfig(), **settings)


_TYPES: dict[str, Any] = {
    **{field.name: field.type for field in fields_of(GenerationConfig)},
    **dict.fromkeys(("temperature", "top_p", "tempo"), float | int | None),
    "chord_part": list,
}
