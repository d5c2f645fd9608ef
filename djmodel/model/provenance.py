"""All that decides a solo, and the text in its MIDI file that says so: the way to make it again.

The same recipe, model and versions give the same solos to the last byte, whatever else is made
beside or before them; solo k of a seed is the same for any count.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

import numpy as np

from djmodel.inputs import midi_file as midifile
from djmodel.inputs.limits import DEFAULT, Limits
from djmodel.model.improvise import Solo, improvise, tune_of
from djmodel.music.tune import Tune
from djmodel.music.tune_json import LONGEST_BAR
from djmodel.values import grammar
from djmodel.values.grammar import Value
from seqmodel.errors import FileError, InputError
from seqmodel.files import check_input_file, sha256_of_file
from seqmodel.model_file import ModelFile, versions_of
from seqmodel.sampling.config import SamplingConfig

FORMAT = 1
MOST_BARS = 10_000  # of a solo: some hours
MOST_SOLOS = 10_000  # at once
_MADE_BY = "djmodel"


@dataclass(frozen=True)
class GenerationConfig:
    """What is played over, and how; the fields are the options of `python -m djmodel.generate`.
    Raises InputError for those that do not go together, SamplingError for a bad choice."""

    over: str | None = None
    corpus: str | None = None
    changes: str | None = None
    meter: str = "4/4"
    choruses: int = 1
    style: str | None = None
    bars: int | None = None
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    greedy: bool = False
    max_copy: int | None = None
    tidy: bool = False
    primer: str | None = None
    primer_values: str | None = None
    primer_bars: str | None = None
    with_primer: bool = False
    keep_rhythm: bool = False
    melody_part: str | None = None
    chord_part: tuple[str, ...] = ()
    seed: int = 0
    tempo: float | None = None

    def __post_init__(self) -> None:
        _ = self.sampling
        for option, number in (("--choruses", self.choruses), ("--bars", self.bars)):
            if number is not None and not 1 <= number <= MOST_BARS:
                raise InputError(f"{option} from 1 to {MOST_BARS:,}", f"{number}")
        if self.tempo is not None and not 4 <= self.tempo <= 1000:
            raise InputError("a tempo from 4 to 1000", f"{self.tempo}")
        if self.seed < 0:
            raise InputError("a seed from 0 up", f"{self.seed}")
        sources = {"--over": self.over, "--corpus": self.corpus, "--changes": self.changes}
        named = [name for name, source in sources.items() if source is not None]
        if len(named) > 1:
            raise InputError(" or ".join(named), "both", hint="leave one out")
        if self.keep_rhythm and self.over is None and self.corpus is None:
            raise InputError("--keep-rhythm with --over FILE", "no --over", hint="name the melody")
        if self.primer is not None and self.primer_values is not None:
            raise InputError("--primer or --primer-values", "both", hint="leave one out")
        if self.with_primer and self.primer is None and self.primer_values is None:
            raise InputError("--with-primer with a primer", "none", hint="add --primer FILE")
        if self.with_primer and self.keep_rhythm:
            raise InputError("--with-primer or --keep-rhythm", "both", hint="leave one out")
        if self.bars is not None and self.choruses != 1:
            raise InputError("--bars or --choruses", "both", hint="leave one out")
        music = self.over if self.over is not None else self.corpus
        for option, value, what, needed in (
            ("--meter", self.meter != "4/4", "--changes", self.changes),
            ("--melody-part", self.melody_part, "--over", music),
            ("--chord-part", self.chord_part, "--over", music),
            ("--primer-bars", self.primer_bars, "--primer", self.primer),
        ):
            if value and needed is None:
                raise InputError(f"{option} with {what}", f"no {what}", hint="leave it out")

    @property
    def sampling(self) -> SamplingConfig:
        return SamplingConfig(self.temperature, self.top_k, self.top_p, self.greedy)

    @property
    def settings(self) -> dict[str, Any]:
        """The seed, and what is not as it would be without being asked for."""
        usual = {field.name: field.default for field in fields(self)}
        asked = asdict(self)
        return {name: asked[name] for name in usual if name == "seed" or asked[name] != usual[name]}

    @property
    def files(self) -> list[str]:
        """The music that is read for it."""
        return [name for name in (self.over, self.primer) if name and Path(name).is_file()]

    def backing(self, model: ModelFile, limits: Limits = DEFAULT) -> Tune:
        """The changes that are played over, accompanied."""
        tune = _cut(self._source(model, limits), self.choruses, self.bars).at_tempo(self.tempo)
        if tune.accompaniment and self.style is None:
            return tune
        from djmodel.music.accompaniment import DEFAULT_STYLE, accompany

        rng = np.random.default_rng(self.seed)
        return accompany(tune, DEFAULT_STYLE if self.style is None else self.style, rng)

    def solos(self, model: ModelFile, count: int = 1, limits: Limits = DEFAULT) -> list[Solo]:
        """The first `count` solos; `limits` are those of reading music. Raises as `improvise`, and
        as reading a tune or changes."""
        tune = self.backing(model, limits)
        return improvise(
            model,
            tune,
            seed=self.seed,
            count=count,
            sampling=self.sampling,
            primer=self._primer(limits),
            with_primer=self.with_primer,
            rhythm=tune if self.keep_rhythm else None,
            tidy=self.tidy,
            max_copy=self.max_copy,
        )

    def _source(self, model: ModelFile, limits: Limits) -> Tune:
        """Changes as written, a file, a piece of the corpus, or a tune of the training."""
        if self.changes is not None:
            from djmodel.music.changes import parse_changes, parse_meter

            return parse_changes(self.changes, parse_meter(self.meter))
        over = self.over
        if self.corpus is not None:
            from djmodel.inputs.sheet_music import corpus_file

            over = str(corpus_file(self.corpus))
        titles = model.settings["tunes"]
        if over is None or (over in titles and not Path(over).exists()):
            return tune_of(model, 0 if over is None else titles.index(over))
        from djmodel.inputs.reader import read_tune

        parts = list(self.chord_part) or None
        return read_tune(over, melody_part=self.melody_part, chord_part=parts, limits=limits)

    def _primer(self, limits: Limits) -> tuple[Value, ...]:
        if self.primer_values:
            return _as_typed(self.primer_values)
        if self.primer:
            from djmodel.inputs.reader import parse_bars, read_tune

            tune = read_tune(self.primer, bars=parse_bars(self.primer_bars), limits=limits)
            return tuple(value for bar in grammar.encode(tune) for value in bar)
        return ()


def _as_typed(text: str) -> tuple[Value, ...]:
    values = tuple(Value.parse(word) for word in text.split())
    for value in values:
        if value.duration > LONGEST_BAR:
            expected = f"values of at most {LONGEST_BAR:,} quarter notes"
            raise InputError(expected, f"`{value}`", hint="take shorter ones")
    return values


_TYPES: dict[str, Any] = {
    **get_type_hints(GenerationConfig),
    **dict.fromkeys(("temperature", "top_p", "tempo"), float | int | None),
    "chord_part": tuple,
}


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
        raise FileError("a MIDI file", str(error), path=path, hint=hint) from error
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
    return provenance.config.solos(model, provenance.solo)[-1]


def _expect(known: str, found: str, where: str | Path | None, what: str) -> None:
    if known != found:
        raise InputError(
            f"{what} ({known[:12]})", f"another ({found[:12]})", path=where, hint="name that one"
        )


def solo_in(path: str | Path, model: ModelFile) -> Solo | None:
    """The solo that the file at `path` holds, with the values that `model` chose for it; None if it
    is no MIDI file that `model` made and that can be made again to the last byte, in a time that no
    stranger's file should have (MOST_BARS)."""
    from djmodel.inputs.midi import midi_bytes

    try:
        provenance, text = read_provenance(path)
        if provenance.solo * len(provenance.config.backing(model).bars) > MOST_BARS:
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
        settings = dict(said["settings"])
        settings["chord_part"] = tuple(settings.get("chord_part", ()))
        for name, value in settings.items():
            usual = _TYPES[name]
            if not isinstance(value, usual) or isinstance(value, bool) != (usual is bool):
                raise TypeError(f"{name} {value!r:.40}")
        config = GenerationConfig(**settings)
        solo, model = int(said["solo"]), str(said["model"])
        if not 1 <= solo <= MOST_SOLOS:
            raise ValueError(f"solo {solo}")
        return Provenance(config, solo, model, dict(said["files"]), dict(said["versions"]))
    except (KeyError, TypeError, ValueError) as error:
        found = f"a damaged one ({error})"
        raise FileError("a text on how it was made", found, path=path) from error


def _cut(tune: Tune, choruses: int, bars: int | None) -> Tune:
    """So many choruses, or so many bars: the changes begin again where they are too short."""
    wanted = choruses * len(tune.bars) if bars is None else bars
    if wanted > MOST_BARS:
        raise InputError(f"at most {MOST_BARS:,} bars", f"{wanted:,}", hint="take fewer choruses")
    if bars is None:
        return tune.repeated(choruses)
    turns = max(choruses, -(-bars // len(tune.bars)))
    return tune.repeated(turns).excerpt(1, bars)
