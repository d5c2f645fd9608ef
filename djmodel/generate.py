"""`python -m djmodel.generate`: a trained model improvises."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from djmodel.limits import Limits
from djmodel.options import MAX_NOTES, MAX_SECONDS, MaxNotes, MaxSeconds
from djmodel.show import endings, output
from seqmodel.cli import Debug, Greedy, Seed, Temperature, TopK, TopP, run, stderr_console
from seqmodel.errors import InputError
from seqmodel.files import known_ending

if TYPE_CHECKING:
    from djmodel.grammar import Value
    from djmodel.solo import Solo
    from djmodel.tune import Tune
    from seqmodel.modelfile import ModelFile
    from seqmodel.sampling import Choice

Part = Annotated[str | None, typer.Option(metavar="PART", help="Of --over: name or number.")]


def command(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="model.keras of a training.")],
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
    count: Annotated[int, typer.Option(min=1, help="How many solos.")] = 1,
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
    preview: Annotated[bool, typer.Option("--preview", help="Show it in the terminal.")] = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Improvise a new melody with a trained MODEL, over the chords of a file or over your own.

    Melody and accompaniment are on tracks of their own; tempo, meter and instruments are those of
    the source.
    """
    from djmodel.solo import improvise, load
    from seqmodel.sampling import Choice

    wanted = {"midi": out, "score": score, "picture": picture}
    if wav or (soundfont and not html):
        wanted["sound"] = out.with_suffix(".wav")
    for kind, path in {**wanted, "page": html}.items():
        if path:
            known_ending(path, _ENDINGS[kind])
    if soundfont:
        from djmodel.render import read_soundfont

        read_soundfont(soundfont)  # to learn it before anything is written
    choice = Choice(temperature, top_k, top_p, greedy)
    limits = Limits(max_notes, max_seconds)
    learned = load(model)
    if corpus is not None:
        if over is not None:
            raise InputError("--over or --corpus", "both", todo="leave one out")
        over = _corpus_file(corpus)
    _check(over, changes, primer, primer_values, with_primer, keep_rhythm, out)
    if changes is not None:
        tune = _written_changes(changes, meter)
    else:
        tune = _source_tune(learned, over, melody_part, chord_part, limits)
    tune = _cut(tune, choruses, bars).at_tempo(tempo)
    tune = _accompanied(tune, style, seed)
    solos = improvise(
        learned,
        tune,
        seed=seed,
        count=count,
        choice=choice,
        primer=_primer(primer, primer_values, primer_bars, limits),
        with_primer=with_primer,
        rhythm=tune if keep_rhythm else None,
        tidy=tidy,
    )
    console = stderr_console()
    for kind, path in wanted.items():
        for solo, its_path in zip(solos, numbered(path, count), strict=True) if path else ():
            _WRITERS[kind](solo.tune, its_path, soundfont)
            console.print(str(its_path), soft_wrap=True)
    if html:
        output.write_page(solos, html, _made_from(model, seed, choice), soundfont=soundfont)
        console.print(str(html), soft_wrap=True)
    console.print(f"{len(tune.bars)} bars over {tune.title}", soft_wrap=True)
    if preview:
        _show(solos)


def _check(
    over: str | None,
    changes: str | None,
    primer: Path | None,
    primer_values: str | None,
    with_primer: bool,
    keep_rhythm: bool,
    out: Path,
) -> None:
    """Options that do not go together, or miss the one that they need."""
    if over is not None and changes is not None:
        raise InputError("--over or --changes", "both", todo="leave one out")
    if keep_rhythm and over is None:
        raise InputError("--keep-rhythm with --over FILE", "no --over", todo="name the melody")
    if with_primer and primer is None and primer_values is None:
        raise InputError("--with-primer with a primer", "none", todo="add --primer FILE")
    if with_primer and keep_rhythm:
        raise InputError("--with-primer or --keep-rhythm", "both", todo="leave one out")
    for source in (over, primer):
        if source is not None and out.exists() and Path(source).exists() and out.samefile(source):
            todo = "choose another name for --out"
            raise InputError("a new file to write", "the music that is read", where=out, todo=todo)


def _any(tune: Tune, path: Path, soundfont: Path | None) -> None:
    output.write(tune, path, soundfont=soundfont)


def _score(tune: Tune, path: Path, _: Path | None) -> None:
    output.write_score(tune, path)


def _picture(tune: Tune, path: Path, _: Path | None) -> None:
    output.write_picture(tune, path)


_WRITERS = {"midi": _any, "sound": _any, "score": _score, "picture": _picture}
_ENDINGS = {
    "midi": endings.ALL,
    "sound": endings.SOUND,
    "score": endings.SCORE,
    "picture": endings.PICTURE,
    "page": endings.PAGE,
}


def _show(solos: Sequence[Solo]) -> None:
    from rich.console import Console

    from djmodel.show.preview import preview

    for solo in solos:
        Console().print(preview(solo.tune))


def numbered(path: Path, count: int) -> list[Path]:
    """`path` for one; `solo-1.mid`, `solo-2.mid`, ... for several."""
    if count == 1:
        return [path]
    return [path.with_name(f"{path.stem}-{n}{path.suffix}") for n in range(1, count + 1)]


def _written_changes(text: str, meter: str) -> Tune:
    from djmodel.changes import parse_changes, parse_meter

    return parse_changes(text, parse_meter(meter))


def _source_tune(
    learned: ModelFile,
    over: str | None,
    melody_part: str | None,
    chord_part: Sequence[str] | None,
    limits: Limits,
) -> Tune:
    """The tune to play over: a file, or one of those that the model was trained on."""
    from djmodel.reader import read_tune
    from djmodel.solo import changes_of

    known = changes_of(learned)
    if over is None:
        return known[0]
    by_title = {tune.title: tune for tune in known}
    if over in by_title and not Path(over).exists():
        return by_title[over]
    return read_tune(over, melody_part=melody_part, chord_part=chord_part, limits=limits)


def _corpus_file(name: str) -> str:
    from djmodel.sheets import corpus_file

    return str(corpus_file(name))


def _cut(tune: Tune, choruses: int, bars: int | None) -> Tune:
    """So many choruses, or so many bars: the changes begin again where they are too short."""
    if bars is None:
        return tune.repeated(choruses)
    turns = max(choruses, -(-bars // len(tune.bars)))
    return tune.repeated(turns).excerpt(1, bars)


def _accompanied(tune: Tune, style: str | None, seed: int) -> Tune:
    """The tune's own accompaniment, unless it has none or a style is asked for."""
    if tune.accompaniment and style is None:
        return tune
    import numpy as np

    from djmodel.accompaniment import DEFAULT_STYLE, accompany

    return accompany(tune, style or DEFAULT_STYLE, np.random.default_rng(seed))


def _primer(
    path: Path | None, text: str | None, bars: str | None, limits: Limits
) -> tuple[Value, ...]:
    from djmodel import grammar
    from djmodel.reader import parse_bars, read_tune

    if path and text:
        raise InputError("--primer or --primer-values", "both", todo="leave one out")
    if text:
        return tuple(grammar.Value.parse(word) for word in text.split())
    if path:
        tune = read_tune(path, bars=parse_bars(bars), limits=limits)
        return tuple(value for bar in grammar.encode(tune) for value in bar)
    return ()


def _made_from(model: Path, seed: int, choice: Choice) -> dict[str, str]:
    """How a solo was made, for its page."""
    made = {"model": model.name, "seed": str(seed)}
    if choice.greedy:
        return made | {"choice": "greedy"}
    made["temperature"] = f"{choice.temperature:g}"
    if choice.top_k is not None:
        made["top-k"] = str(choice.top_k)
    if choice.top_p is not None:
        made["top-p"] = f"{choice.top_p:g}"
    return made


def main() -> None:
    run(command)


if __name__ == "__main__":
    main()
