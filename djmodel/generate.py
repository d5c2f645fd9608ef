"""`djmodel generate`: improvises with a trained model."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from djmodel.config import MAX_SOLOS, GenerationConfig, ModelArgument
from djmodel.inputs.chart import chart_text, song_text
from djmodel.inputs.limits import Limits
from djmodel.outputs import suffixes
from djmodel.outputs import write as output
from djmodel.outputs.charts.config import IrealPage
from djmodel.outputs.notation.config import SheetConfig
from djmodel.outputs.performance.config import SoundFont
from seqmodel.command_line.outputs import Overwrite, check_free, free_name
from seqmodel.command_line.runner import new_seed, print_files, print_line, run, stderr_console
from seqmodel.files import check_no_overwrite
from seqmodel.settings import Setting, SettingError, check_settings
from seqmodel.text import pluralize, printable

if TYPE_CHECKING:
    from djmodel.model.improvise import Solo
    from djmodel.model.model_file import DjModel
    from djmodel.model.provenance import Provenance
    from djmodel.music.charts.ireal.songs import WrittenSong
    from djmodel.music.tune import Tune

_LONG = 30  # seconds of sound that take a while to render
MAX_PAGE_MINUTES = 180  # of sound on a page: about 100 MB
SAME, DIFFERENT = 0, 1  # exit statuses of --like


@dataclass(frozen=True)
class Outputs:
    """Files to write."""

    count: Annotated[
        int, Setting("Number of solos.", "Output", minimum=1, maximum=MAX_SOLOS, metavar="N")
    ] = 1
    out: Annotated[
        Path | None,
        Setting(
            "MIDI file to write; several are numbered solo-1.mid, ...",
            "Output",
            metavar="FILE",
            default="solo.mid, or solo-2.mid, ... if that is there already",
        ),
    ] = None
    wav: Annotated[bool, Setting("Also write the sound, beside the MIDI file.", "Output")] = False
    soundfont: SoundFont = None
    sheet: SheetConfig = SheetConfig()
    picture: Annotated[
        Path | None, Setting("Also write a piano roll: .svg or .png.", "Output", metavar="FILE")
    ] = None
    html: Annotated[
        Path | None,
        Setting(
            "Also write a web page that plays, shows and saves the solos.", "Output", metavar="FILE"
        ),
    ] = None
    ireal: IrealPage = None
    overwrite: Overwrite = False

    def __post_init__(self) -> None:
        check_settings(self)
        self.sheet.check_reader(self.html)

    @property
    def sound(self) -> Path | None:
        wanted = self.wav or (self.soundfont and not self.html)
        return self.out.with_suffix(".wav") if self.out and wanted else None

    @property
    def sounds(self) -> bool:
        """True if sound is rendered."""
        return bool(self.sound or self.html)

    def check_sound(self, changes: Tune) -> None:
        """Raises SettingError for solos over these changes whose sound would be too long."""
        from djmodel.outputs.audio import MAX_MINUTES
        from djmodel.outputs.piano_roll_layout import seconds_of

        minutes = seconds_of(changes) / 60
        page = f"the sound of a page with {pluralize(self.count, 'solo')}"
        lengths = [("the sound of a solo", minutes, MAX_MINUTES)]
        lengths += [(page, minutes * self.count, MAX_PAGE_MINUTES)] * bool(self.html)
        for what, found, most in lengths:
            if found > most:
                message = f"{what} would last {found:,.0f} minutes, more than {most}"
                raise SettingError(message, hint="take fewer or shorter solos, or leave out sound")

    def check(self, inputs: Sequence[str | Path | None]) -> None:
        """Raises InputError for a file that cannot be written or would overwrite an input."""
        for path, allowed in (
            (self.out, suffixes.ALL),
            (self.sound, suffixes.SOUND),
            (self.sheet.score, suffixes.SCORE),
            (self.picture, suffixes.PICTURE),
            (self.html, suffixes.PAGE),
            (self.ireal, suffixes.PAGE),
        ):
            if path:
                output.check_output(path, allowed, soundfont=self.soundfont)
        paths = [*self._numbered(), self.html, self.ireal]
        check_no_overwrite(paths, [*inputs, self.soundfont])
        check_free(paths, overwrite=self.overwrite)

    def with_default_name(self) -> Outputs:
        """The outputs with a name for the MIDI file if there is none, one that replaces no file."""
        if self.out:
            return self

        def files(out: Path) -> list[Path]:
            return replace(self, out=out, sheet=SheetConfig(), picture=None)._numbered()

        name = Path("solo.mid")
        return replace(self, out=name if self.overwrite else free_name(name, files))

    def _numbered(self) -> list[Path]:
        return [path for name in self._of_each() for path in numbered(name, self.count)]

    def _of_each(self) -> list[Path]:
        return [path for path in (self.out, self.sound, self.sheet.score, self.picture) if path]

    def write(
        self, solos: Sequence[Solo], config: GenerationConfig, settings: Mapping[str, str]
    ) -> Iterator[Path]:
        """Writes the files and yields the path of each."""
        from djmodel.model.solos import performance_of

        played = [performance_of(solo.tune, config) for solo in solos]
        for name in self._of_each():
            paths = numbered(name, len(solos))
            for solo, performance, path in zip(solos, played, paths, strict=True):
                if name == self.sheet.score:
                    output.write_score(solo.tune, path, self.sheet.part_key)
                elif name == self.picture:
                    output.write_picture(solo.tune, path)
                else:
                    output.write(
                        performance,
                        path,
                        text=solo.provenance,
                        soundfont=self.soundfont,
                        values=_texts(solo),
                    )
                yield path
        if self.html:
            from djmodel.outputs.page import PageItem, write_page

            items = [
                PageItem(
                    solo.tune,
                    f"Solo {number}" if len(solos) > 1 else "",
                    _texts(solo),
                    {"perplexity of the model": f"{math.exp(-solo.log_probability):.2f}"},
                    solo.provenance,
                    performance,
                )
                for number, (solo, performance) in enumerate(
                    zip(solos, played, strict=True), start=1
                )
            ]
            key = self.sheet.part_key
            write_page(items, self.html, settings, soundfont=self.soundfont, part_key=key)
            yield self.html
        if self.ireal:
            from djmodel.outputs.charts.ireal import write_ireal_page

            write_ireal_page([_ireal_song(solos[0], config).song], self.ireal)
            yield self.ireal


def command(
    path: ModelArgument = None,
    config: GenerationConfig = GenerationConfig(),
    seed: Annotated[
        int | None,
        Setting(
            "Seed of the random numbers; the same seed gives the same solos.",
            "Sampling",
            minimum=0,
            metavar="N",
            default="a new one each time, which is printed",
        ),
    ] = None,
    limits: Limits = Limits(),
    outputs: Outputs = Outputs(),
    like: Annotated[
        Path | None,
        Setting(
            "Generate a solo again from the settings stored in its MIDI file, and compare: exit "
            "status 0 if the two are identical, else 1. Its model is found if it is a bundled one. "
            "The new solo is written only with --out.",
            "Output",
            metavar="SOLO.mid",
        ),
    ] = None,
) -> None:
    """Improvise a new melody with a trained MODEL, over the changes of a tune or over your own.

    Melody and accompaniment are on separate tracks; tempo, meter and instruments are the source's.

    Examples:
        djmodel generate --changes "Dm7 | G7 | Cmaj7 | %" --html solo.html
        djmodel generate --changes blues-in-F --choruses 3 --player "Miles Davis"
        djmodel generate runs/mine/model.keras --over tune.mid --temperature 0.7
        djmodel generate --like solo.mid
    """
    from djmodel.model.model_file import bundled_model_of, load, model_path
    from djmodel.model.provenance import read_provenance, regenerate, with_provenance
    from djmodel.model.solos import changes_of, generate_solos
    from djmodel.outputs.piano_roll_layout import seconds_of

    if like and (config != GenerationConfig() or seed is not None or outputs.count != 1):
        message = "a solo that is generated again has the settings that its file holds"
        raise SettingError(message, "like", hint="give no others")
    if not like:
        outputs = outputs.with_default_name()
        if config.changes is not None:
            given = chart_text(config.changes, sys.stdin.buffer)
            written, song = song_text(given, config.chart.song)
            config = replace(config, changes=written, chart=replace(config.chart, song=song))
        config = replace(config, seed=new_seed() if seed is None else seed)
    provenance, text = read_provenance(like) if like else (None, "")
    found = bundled_model_of(provenance.model) if provenance and path is None else None
    path = found[0] if found else model_path(path)
    outputs.check([*config.files, path, like])
    model, console = found[1] if found else load(path), stderr_console()
    if provenance:
        config = provenance.config
        solo = regenerate(provenance, model, path, n_bytes=like.stat().st_size if like else None)
        solos = [replace(solo, provenance=text)]
    else:
        changes = changes_of(model, config, limits)
        if outputs.sounds:
            outputs.check_sound(changes)
        solos = generate_solos(model, config, outputs.count, limits, changes=changes)
        solos = with_provenance(solos, config, model)
    if outputs.sounds and (seconds := sum(seconds_of(solo.tune) for solo in solos)) > _LONG:
        console.print(f"rendering {seconds:.0f} seconds of sound", soft_wrap=True)
    print_files(outputs.write(solos, config, _settings(path, config)))
    if like and provenance:
        for line in _describe_provenance(provenance):
            console.print(line, soft_wrap=True)
        sys.exit(_compare(solos[0], config, like))
    tune = solos[0].tune
    over = f"{pluralize(len(tune.bars), 'bar')} over {tune.title}"
    if seed is None:
        over += f"; --seed {config.seed} makes the same again"
    remarks = _ireal_song(solos[0], config).remarks if outputs.ireal else ()
    for line in (over, *_bare_chords(model, solos[0]), *remarks, *_copies(model, solos, config)):
        console.print(line, soft_wrap=True)


def numbered(path: Path, count: int) -> list[Path]:
    """The names of `count` files: `path` for one, else `solo-1.mid`, `solo-2.mid`, ..."""
    if count == 1:
        return [path]
    return [path.with_name(f"{path.stem}-{n}{path.suffix}") for n in range(1, count + 1)]


def _ireal_song(solo: Solo, config: GenerationConfig) -> WrittenSong:
    """The song that iReal Pro opens, with remarks on what it has otherwise than the changes."""
    from djmodel.model.solos import chart_of_solo
    from djmodel.outputs.charts.ireal import ireal_song

    return ireal_song(chart_of_solo(solo.tune, config))


def _texts(solo: Solo) -> list[list[str]]:
    return [[str(value) for value in bar] for bar in solo.values]


def _settings(path: Path, config: GenerationConfig) -> dict[str, str]:
    """The settings that the page of the solos shows."""
    settings = {"temperature": config.sampling.temperature} | config.settings
    if config.sampling.greedy:
        del settings["temperature"]
        settings["greedy"] = "yes"
    return {"model": printable(path.name)} | {
        name.replace("_", "-"): f"{value:g}"
        if isinstance(value, float)
        else printable(str(value), 80)
        for name, value in settings.items()
    }


def _bare_chords(model: DjModel, solo: Solo) -> Iterator[str]:
    """A line for each chord that a jazz model takes for a quality that it knows."""
    from djmodel.music.chord_symbol import chord_symbol
    from djmodel.values.chart import chords_without_quality

    if model.conditioning:
        for chord, quality in chords_without_quality(solo.tune).items():
            symbol = chord_symbol(chord)
            yield f"{symbol} is played over as a {quality} chord: no training solo has its quality"


def _copies(model: DjModel, solos: Sequence[Solo], config: GenerationConfig) -> Iterator[str]:
    """A line on the longest copies in the solos, and a warning if the model is likely to copy."""
    from djmodel.evaluation.copying import (
        MELODY,
        VALUES,
        CopyDetector,
        format_longest,
        memorization_warning,
    )

    detector = CopyDetector.of(model)
    longest = {kind: detector.longest(solos, kind) for kind in (VALUES, MELODY)}
    of_several = f" of {len(solos)} solos" if len(solos) > 1 else ""
    yield f"longest copy{of_several}: {format_longest(longest)}"
    if config.max_copy is None and (warning := memorization_warning(model)):
        yield f"{warning}; --max-copy limits them, more training music helps"


def _compare(solo: Solo, config: GenerationConfig, file: Path) -> int:
    """Compares a solo with a MIDI file, prints the result and returns the exit status."""
    from djmodel.model.solos import performance_of
    from djmodel.outputs.midi import performance_bytes

    performance = performance_of(solo.tune, config)
    new, old = performance_bytes(performance, solo.provenance), file.read_bytes()
    if new == old:
        print_line(f"{file}: the same {len(old):,} bytes")
        return SAME
    first = next(
        (i for i, pair in enumerate(zip(new, old, strict=False)) if pair[0] != pair[1]),
        min(len(new), len(old)),
    )
    print_line(f"{file}: differs from byte {first + 1:,} of {len(old):,} on")
    return DIFFERENT


def _describe_provenance(provenance: Provenance) -> Iterator[str]:
    """Lines with the settings of a solo, and with the package versions that have changed since."""
    from djmodel.model.provenance import current_versions

    settings = ", ".join(f"{name} {value}" for name, value in provenance.config.settings.items())
    yield f"solo {provenance.solo}: {settings}"
    now = current_versions()
    changed = ", ".join(
        f"{name} {version} (now {now.get(name, 'none')})"
        for name, version in provenance.versions.items()
        if now.get(name) != version
    )
    if changed:
        yield f"made with different versions: {changed}"


COMMANDS = (command,)


def main() -> None:
    run(*COMMANDS)


if __name__ == "__main__":
    main()
