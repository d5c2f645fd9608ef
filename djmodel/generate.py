"""`python -m djmodel.generate`: a trained model improvises."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from djmodel.inputs.limits import Limits
from djmodel.options import MAX_NOTES, MAX_SECONDS, MaxCopy, MaxNotes, MaxSeconds
from djmodel.outputs import suffixes as suffixes
from djmodel.outputs import write as output
from seqmodel.cli import Debug, Greedy, Seed, Temperature, TopK, TopP, run, stderr_console
from seqmodel.files import check_no_overwrite
from seqmodel.sampling.config import SamplingConfig
from seqmodel.text import pluralize, printable

if TYPE_CHECKING:
    from djmodel.config import GenerationConfig
    from djmodel.model.improvise import Solo
    from djmodel.model.model_file import DjModel

Part = Annotated[str | None, typer.Option(metavar="PART", help="Of --over: name or number.")]


def command(
    model: Annotated[
        Path | None,
        typer.Argument(metavar="[MODEL]", help="model.keras of a training. [default: ragtime]"),
    ] = None,
    over: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Play over the chords of a music file, or of a tune that "
            "the model knows. [default: the first of those]",
        ),
    ] = None,
    corpus: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The same for a piece of music21's corpus."),
    ] = None,
    changes: Annotated[
        str | None,
        typer.Option(
            metavar="CHORDS",
            help="Play over these: 'Dm7 | G7 | Cmaj7 | %', or a form "
            "such as blues-in-F, rhythm-changes, ii-V-I.",
        ),
    ] = None,
    meter: Annotated[str, typer.Option(help="Of --changes.")] = "4/4",
    choruses: Annotated[int, typer.Option(min=1, help="Times through the changes.")] = 1,
    style: Annotated[
        str | None,
        typer.Option(
            help="Accompaniment: block, stride, swing, bossa or arpeggio. [default: the "
            "source's own; swing for --changes]"
        ),
    ] = None,
    bars: Annotated[int | None, typer.Option(min=1, help="Length of the solo.")] = None,
    temperature: Temperature = 1.0,
    top_k: TopK = None,
    top_p: TopP = None,
    greedy: Greedy = False,
    max_copy: MaxCopy = None,
    tidy: Annotated[bool, typer.Option("--tidy", help="Smooth as the course does.")] = False,
    primer: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Music that the model hears first.")
    ] = None,
    primer_values: Annotated[
        str | None,
        typer.Option(metavar="VALUES", help="The same as text: 'C,0.500 S,0.250,<m2,P-4>'."),
    ] = None,
    primer_bars: Annotated[
        str | None, typer.Option(metavar="FROM:TO", help="Which bars of --primer.")
    ] = None,
    with_primer: Annotated[
        bool, typer.Option("--with-primer", help="The solo begins with the primer.")
    ] = False,
    keep_rhythm: Annotated[
        bool, typer.Option("--keep-rhythm", help="The rhythm of --over's melody, new pitches.")
    ] = False,
    melody_part: Part = None,
    chord_part: Annotated[
        list[str] | None,
        typer.Option(metavar="PART", help="Of --over: name or number; may be repeated."),
    ] = None,
    max_notes: MaxNotes = MAX_NOTES,
    max_seconds: MaxSeconds = MAX_SECONDS,
    seed: Seed = 0,
    count: Annotated[int, typer.Option(min=1, max=10_000, help="How many solos.")] = 1,
    tempo: Annotated[
        float | None,
        typer.Option(min=4, max=1000, help="Quarter notes a minute. [default: the source's]"),
    ] = None,
    out: Annotated[Path, typer.Option(help="MIDI file; solo-1.mid ... with --count.")] = Path(
        "solo.mid"
    ),
    wav: Annotated[bool, typer.Option("--wav", help="Write the sound beside it, too.")] = False,
    soundfont: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Instruments for the sound (.sf2).")
    ] = None,
    score: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a lead sheet: .svg, .png or .musicxml."),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a piano roll: .png or .svg.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page to listen, look and save.")
    ] = None,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Improvise a new melody with a trained MODEL, over the chords of a file or over your own.

    Melody and accompaniment are on tracks of their own; tempo, meter and instruments are those of
    the source.
    """
    from djmodel.config import GenerationConfig
    from djmodel.model.generation import generate_solos
    from djmodel.model.model_file import load, pretrained_model
    from djmodel.model.provenance import with_provenance

    wanted = {"midi": out, "score": score, "picture": picture}
    if wav or (soundfont and not html):
        wanted["sound"] = out.with_suffix(".wav")
    for kind, path in {**wanted, "page": html}.items():
        if path:
            output.check_output(path, _ENDINGS[kind], soundfont=soundfont)
    config = GenerationConfig(
        over=over,
        corpus=corpus,
        changes=changes,
        meter=meter,
        choruses=choruses,
        style=style,
        bars=bars,
        sampling=SamplingConfig(temperature, top_k, top_p, greedy),
        max_copy=max_copy,
        tidy=tidy,
        primer=str(primer) if primer else None,
        primer_values=primer_values,
        primer_bars=primer_bars,
        with_primer=with_primer,
        keep_rhythm=keep_rhythm,
        melody_part=melody_part,
        chord_part=tuple(chord_part or ()),
        seed=seed,
        tempo=tempo,
    )
    model = model or pretrained_model()
    outputs = [each for path in wanted.values() if path for each in numbered(path, count)]
    check_no_overwrite([*outputs, html], [*config.files, model, soundfont])
    learned = load(model)
    solos = with_provenance(
        generate_solos(learned, config, count, Limits(max_notes, max_seconds)), config, learned
    )
    console = stderr_console()
    for kind, path in wanted.items():
        for solo, its_path in zip(solos, numbered(path, count), strict=True) if path else ():
            _WRITERS[kind](solo, its_path, soundfont)
            console.print(str(its_path), soft_wrap=True)
    if html:
        items = _page_items(solos)
        output.write_page(items, html, _made_from(model, config), soundfont=soundfont)
        console.print(str(html), soft_wrap=True)
    tune = solos[0].tune
    console.print(
        f"{pluralize(len(tune.bars), 'bar')} over {tune.title}", markup=False, soft_wrap=True
    )
    for line in _copying(learned, solos, config):
        console.print(line, markup=False, soft_wrap=True)


def _copying(learned: DjModel, solos: Sequence[Solo], config: GenerationConfig) -> Iterator[str]:
    """What the solos copy, in a line; and a warning where much is to be expected."""
    from djmodel.evaluation.copying import (
        MELODY,
        VALUES,
        CopyDetector,
        format_longest,
        memorization_warning,
    )

    detector = CopyDetector.of(learned)
    longest = {
        representation: max(
            (detector.copied(solo, representation) for solo in solos),
            key=lambda copied: copied.longest.length,
        )
        for representation in (VALUES, MELODY)
    }
    whose = f" of {len(solos)} solos" if len(solos) > 1 else ""
    yield f"longest copy{whose}: {format_longest(longest)}"
    if config.max_copy is None and (warning := memorization_warning(learned)):
        yield warning


def _page_items(solos: Sequence[Solo]) -> list[output.PageItem]:
    return [
        output.PageItem(
            solo.tune,
            f"Solo {number}" if len(solos) > 1 else "",
            [list(map(str, bar)) for bar in solo.values],
            {"perplexity of the model": f"{math.exp(-solo.log_probability):.2f}"},
            solo.provenance,
        )
        for number, solo in enumerate(solos, start=1)
    ]


def _any(solo: Solo, path: Path, soundfont: Path | None) -> None:
    values = [list(map(str, bar)) for bar in solo.values]
    output.write(solo.tune, path, text=solo.provenance, soundfont=soundfont, values=values)


def _score(solo: Solo, path: Path, _: Path | None) -> None:
    output.write_score(solo.tune, path)


def _picture(solo: Solo, path: Path, _: Path | None) -> None:
    output.write_picture(solo.tune, path)


_WRITERS = {"midi": _any, "sound": _any, "score": _score, "picture": _picture}
_ENDINGS = {
    "midi": suffixes.ALL,
    "sound": suffixes.SOUND,
    "score": suffixes.SCORE,
    "picture": suffixes.PICTURE,
    "page": suffixes.PAGE,
}


def numbered(path: Path, count: int) -> list[Path]:
    """`path` for one; `solo-1.mid`, `solo-2.mid`, ... for several."""
    if count == 1:
        return [path]
    return [path.with_name(f"{path.stem}-{n}{path.suffix}") for n in range(1, count + 1)]


def _made_from(model: Path, config: GenerationConfig) -> dict[str, str]:
    """How solos were made, for their page."""
    asked = {"temperature": config.sampling.temperature} | config.settings
    if config.sampling.greedy:
        asked = {name: value for name, value in asked.items() if name != "temperature"}
        asked["greedy"] = "always the likeliest"
    return {"model": printable(model.name)} | {
        name.replace("_", "-"): f"{value:g}" if isinstance(value, float) else printable(str(value))
        for name, value in asked.items()
    }


def main() -> None:
    run(command)


if __name__ == "__main__":
    main()
