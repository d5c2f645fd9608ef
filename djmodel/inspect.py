"""`djmodel inspect`: shows how a file of music is read."""

from __future__ import annotations

import os
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from djmodel.config import GenerationConfig, ReadingConfig
from djmodel.inputs.limits import Deadline, Limits
from djmodel.inputs.music_files import find_music
from djmodel.outputs.charts.config import IrealConfig
from djmodel.outputs.charts.tables import key_text
from djmodel.outputs.notation.config import SheetConfig
from djmodel.train import music_table, read_music
from seqmodel.command_line.options import Options
from seqmodel.command_line.outputs import Overwrite, check_free
from seqmodel.command_line.runner import (
    print_files,
    run,
    stderr_console,
    stdout_console,
    summary_table,
)
from seqmodel.errors import InputError
from seqmodel.settings import Setting, SettingError
from seqmodel.text import first_of, pluralize

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.table import Table
    from rich.text import Text

    from djmodel.inputs.melody.selection import ChosenParts
    from djmodel.inputs.score import Measure, Score
    from djmodel.inputs.wjazzd.solo_filter import SoloFilter
    from djmodel.inputs.wjazzd.solos import SoloResult
    from djmodel.music.charts.chart import Chart
    from djmodel.music.tune import BarRange, Tune

_WIDTH = 110  # columns of the output where it is not a terminal
_NARROW = 76  # with fewer columns the parts are a list
_LISTED = 6  # meters, tempos, sections or choruses of a line


def command(
    music: Annotated[
        list[str] | None,
        Setting(
            "Music file: MIDI, MusicXML, ABC or Humdrum; or a database of solos such as "
            "wjazzd.db. Several files, a folder or a pattern are listed.",
            metavar="FILE",
            positional=True,
        ),
    ] = None,
    corpus: Annotated[
        str | None,
        Setting(
            "A piece from music21's corpus, such as bach/bwv66.6.",
            "Music",
            metavar="NAME",
            option="music21",
        ),
    ] = None,
    chart: Annotated[
        GenerationConfig,
        Options(("changes", "song", "as_written", "alternates", "meter", "title"), panel="Changes"),
    ] = GenerationConfig(),
    reading: ReadingConfig = ReadingConfig(),
    limits: Limits = Limits(),
    sheet: SheetConfig = SheetConfig(),
    ireal: IrealConfig = IrealConfig(),
    overwrite: Overwrite = False,
    clear_cache: Annotated[
        bool, Setting("Delete the cached results of reading music files.")
    ] = False,
) -> None:
    """Show how a music FILE is read: its parts, which of them has the melody, the meter and tempo,
    and the chords and values of each bar.

    --changes shows how written changes are read, or the songs of a playlist of iReal Pro. --score
    writes what was read as a sheet.

    Examples:
        djmodel inspect my.mid --bars 1:8
        djmodel inspect --changes chart.txt --score chart.pdf --for Bb
        djmodel inspect --changes book.html --song "My Tune"
        djmodel inspect --player "Charlie Parker" --style bebop
    """
    from djmodel.inputs.chart import check_not_changes
    from djmodel.inputs.wjazzd.solos import bundled_file

    for name in music or []:
        check_not_changes(name, "music")
    if clear_cache:
        _clear_cache()
        if music is None and corpus is None and chart.changes is None:
            return
    given = [bool(music), corpus is not None, chart.changes is not None]
    if reading.solos and not any(given):
        music, given[0] = [str(bundled_file())], True
    if sum(given) != 1:
        found = "none is given" if not any(given) else "more than one is given"
        raise InputError(
            f"music, a piece of music21's corpus, or changes are needed, but {found}",
            hint="give one of them",
        )
    sheet.check([*(music or []), chart.changes], overwrite=overwrite)
    music_read: Tune | Chart | None = None
    if chart.changes is not None:
        check_free([ireal.ireal], overwrite=overwrite)
        music_read = _show_changes(chart, ireal)
    elif ireal != IrealConfig():
        raise SettingError("only written changes are written for iReal Pro", "changes")
    else:
        names = list(find_music(music or [_corpus_file(corpus or "")]))
        if len(names) == 1 and not names[0].is_dir():
            music_read = _show_file(names[0], reading, limits)
        elif sheet.score is None:
            _show_list(names, reading, limits)
    if music_read is None and sheet.score is not None:
        raise InputError("a sheet has one tune, but several are given", hint="choose one of them")
    print_files(sheet.write(music_read) if music_read else [])


def _show_file(path: Path, reading: ReadingConfig, limits: Limits) -> Tune | None:
    from djmodel.inputs.reader import check_solos, read_score
    from djmodel.inputs.score_to_tune import ReadOptions, tune_from_score
    from djmodel.inputs.wjazzd.solos import is_solo_database
    from djmodel.music.tune import parse_bars

    bars = parse_bars(reading.bars)
    if is_solo_database(path):
        return _show_solos(path, reading.solos, bars, limits)
    check_solos([path], reading.solos)
    parts = list(reading.chord_part) or None
    options = ReadOptions(reading.melody_part, parts, bars, limits)
    deadline = Deadline(limits, path)
    made = tune_from_score(read_score(path, deadline), path, options, deadline)
    console = _console()
    console.print(score_facts(made.score))
    console.print(PartTable(made.choice, made.score.measures))
    console.print(bar_table(made.tune, first=bars[0] if bars else 1))
    console.print(tune_facts(made.tune, made.note))
    return made.tune


def _show_solos(
    path: Path, chosen: SoloFilter, bars: BarRange | None, limits: Limits
) -> Tune | None:
    """Shows a solo of a database and returns it, or lists several."""
    from djmodel.inputs.score_to_tune import excerpt
    from djmodel.inputs.wjazzd.solos import read_solos

    console = _console()
    results = read_solos(path, chosen, deadline=Deadline(limits, path))
    if len(results) > 1:
        console.print(solo_table(results))
        console.print("see one: --solo NAME", soft_wrap=True)
        return None
    [result] = results
    if result.tune is None:
        raise InputError(f"{result.info.id}: {result.note}", path=path)
    tune = result.tune if bars is None else excerpt(result.tune, bars, path)
    console.print(solo_facts(tune, result.info.id))
    console.print(bar_table(tune, first=bars[0] if bars else 1))
    console.print(tune_facts(tune, result.note))
    return tune


def solo_table(results: Sequence[SoloResult]) -> Table:
    """A table with a row for each solo, or the reason why it cannot be used."""
    from rich import box
    from rich.table import Table

    table = Table(title=pluralize(len(results), "solo"), title_justify="left", box=box.SIMPLE)
    for heading in ("solo", "instrument", "style", "feel"):
        table.add_column(heading, overflow="fold")
    for heading in ("tempo", "bars", "notes"):
        table.add_column(heading, justify="right")
    for result in results:
        tune = result.tune
        if tune is None:
            table.add_row(result.info.id, result.note)
            continue
        numbers = (round(tune.tempos[0].bpm), len(tune.bars), len(tune.melody_notes()))
        kinds = (tune.instrument.name, tune.style, tune.feel)
        table.add_row(result.info.id, *kinds, *map(str, numbers))
    return table


def solo_facts(tune: Tune, name: str) -> Table:
    """A table of what is known of a performance."""
    meters = [str(bar.meter) for bar in tune.bars]
    sections = [f"{section.name} bar {section.bar + 1}" for section in tune.sections]
    rows = {
        "solo": name,
        "player": f"{tune.performer}, {tune.instrument.name}",
        "style": f"{tune.style}, {tune.feel or 'no'} feel",
        "tempo": f"{tune.tempos[0].bpm:.4g} quarter notes a minute",
        "meter": first_of(list(dict.fromkeys(meters)), _LISTED),
        "key": key_text(tune.key),
        "bars": str(len(tune.bars)),
        "choruses": first_of([f"bar {bar + 1}" for bar in tune.choruses], _LISTED) or "none",
        "form": first_of(sections, _LISTED) or "not said",
        "phrases": str(len(tune.phrases)),
    }
    if tune.has_pickup:
        rows["pick-up"] = pluralize(float(tune.bars[0].length), "quarter note", form="g")
    return summary_table(tune.title, rows)


def _show_list(names: Sequence[Path], reading: ReadingConfig, limits: Limits) -> None:
    """Shows the result of reading each of several files."""
    read = read_music(names, reading, limits, stderr_console())
    read.require_tunes()
    console = _console()
    console.print(music_table(read, every_file=True))
    console.print("one file at a time is shown bar by bar", soft_wrap=True)


def _show_changes(config: GenerationConfig, ireal: IrealConfig) -> Chart | None:
    """Shows written changes or the songs of a playlist, writes them for iReal Pro, and returns the
    chart of one."""
    from djmodel.inputs.chart import chart_text
    from djmodel.music.charts.ireal.links import link_of
    from djmodel.outputs.charts.tables import shown_changes

    text = chart_text(config.changes or "", sys.stdin.buffer)
    shown = shown_changes(text, config.meter, config.chart, config.title)
    written = ireal.write(shown.songs, shown.name)
    if ireal.link:
        stdout_console().print(link_of(shown.songs, shown.name), soft_wrap=True)
    for table in () if ireal.link else shown.tables:
        _console().print(table)
    if shown.chart is None and not ireal.link:
        _console().print("see one: --song TITLE", soft_wrap=True)
    print_files(written)
    for note in shown.notes if written or ireal.link else ():
        stderr_console().print(note, soft_wrap=True)
    return shown.chart


def score_facts(score: Score) -> Table:
    """A table of the contents of a file, and of the changes made by quantization."""
    notes = sum(len(part.grid_notes) for part in score.parts)
    meters = [str(measure.meter) for measure in score.measures]
    changed = [f"{m} from bar {n}" for n, m in enumerate(meters, 1) if n > 1 and m != meters[n - 2]]
    change = score.quantization
    rows = {"composer": score.composer} if score.composer else {}
    rows |= {
        "parts": str(len(score.parts)),
        "notes": f"{notes:,}",
        "bars": str(len(score.measures)),
        "meter": first_of([meters[0], *changed], _LISTED),
        "tempo": first_of(_tempos(score), _LISTED),
        "key": key_text(score.key),
        "grid": f"{pluralize(change.moved, 'note')} moved, {change.resized} resized, "
        f"{change.merged} merged, {change.dropped} dropped",
    }
    first = score.measures[0]
    if first.length != first.meter.length:
        rows["pick-up"] = pluralize(float(first.length), "quarter note", form="g")
    if score.symbols:
        rows["chord symbols"] = f"{len(score.symbols)}, taken as written"
    return summary_table(score.title, rows)


class PartTable:
    """Parts with their roles, scores out of 100 and reasons, and in one line the melody with its
    margin, for rich's `Console.print`: a table, or a list where the console is too narrow for one.
    `measures`: the bars of the score."""

    def __init__(self, choice: ChosenParts, measures: Sequence[Measure]) -> None:
        self.choice = choice
        self.explanation = choice.explanation(measures)

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[Table | Text | str]:
        if options.max_width >= _NARROW:
            yield _part_table(self.choice)
        else:
            yield console.render_str("Parts", style="italic")
            for result in self.choice.roles:
                part = result.part
                yield console.render_str(f"{part.number} {part.name}".rstrip(), style="bold")
                yield f"{result.role}, {pluralize(len(part.grid_notes), 'note')}: {result.reason}"
        yield f"Melody: {self.explanation}"


def _part_table(choice: ChosenParts) -> Table:
    """A table with a row for each part: its role, its scores out of 100 and the reason."""
    from rich import box
    from rich.table import Table

    from djmodel.music.instruments import PROGRAM_NAMES

    table = Table(title="Parts", title_justify="left", box=box.SIMPLE)
    for heading, justify in (("", "right"), ("part", "left"), ("instrument", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for heading in ("notes", "melody", "harmony"):
        table.add_column(heading, justify="right")
    table.add_column("taken for")
    table.add_column("because", overflow="fold", ratio=1)
    for result in choice.roles:
        part = result.part
        scores = ["", ""]
        if result.role != "drums":
            scores = [f"{result.melody * 100:.0f}", f"{result.harmony * 100:.0f}"]
        name, number = part.name, str(part.number)
        instrument = "Drums" if part.drums else PROGRAM_NAMES[part.instrument.program]
        row = [number, name, instrument, str(len(part.grid_notes)), *scores]
        style = "bold" if result.role.startswith("melody") else None
        table.add_row(*row, result.role, result.reason, style=style)
    return table


def bar_table(tune: Tune, first: int = 1) -> Table:
    """A table with the chords of each bar, its values, and the sections that begin there; `first`
    is the number of the first bar."""
    from rich import box
    from rich.table import Table

    from djmodel.music.chord_symbol import chords_of_bar
    from djmodel.values.grammar import encode_bar

    table = Table(title="Bars", title_justify="left", box=box.SIMPLE)
    sections = {section.bar + first: section.name for section in tune.sections}
    if sections:
        table.add_column("section")
    table.add_column("bar", justify="right")
    table.add_column("chords")
    table.add_column("values", overflow="fold", ratio=1)
    meter = tune.bars[0].meter
    for number, bar in enumerate(tune.bars, start=first):
        name = f"{number}" if bar.meter == meter else f"{bar.meter}  {number}"
        meter = bar.meter
        row = [sections.get(number, "")] if sections else []
        values = " ".join(map(str, encode_bar(bar)))
        table.add_row(*row, name, chords_of_bar(bar, tune.key), values)
    return table


def tune_facts(tune: Tune, note: str = "") -> Table:
    """A table of the notes and values of a tune; `note` is a remark on its reading."""
    from djmodel.values.grammar import encode

    values = [value for bar in encode(tune) for value in bar]
    rows = {
        "melody": pluralize(len(tune.melody_notes()), "note"),
        "accompaniment": ", ".join(part.instrument.name for part in tune.accompaniment) or "none",
        "values": str(len(values)),
        "distinct values": str(len(set(values))),
    }
    if note:
        rows["note"] = note
    return summary_table("Tune", rows)


def _console() -> Console:
    console = stdout_console()
    if console.is_terminal or "COLUMNS" in os.environ:
        return console
    return stdout_console(_WIDTH)


def _clear_cache() -> None:
    from djmodel.inputs.cache import cache_folder, clear_cache

    folder = cache_folder()
    _console().print(f"deleted: {pluralize(clear_cache(), 'file')} in {folder}", soft_wrap=True)


def _corpus_file(name: str) -> Path:
    from djmodel.inputs.sheet_music import corpus_file

    return corpus_file(name)


def _tempos(score: Score) -> list[str]:
    first, *others = score.tempos
    starts = [measure.onset for measure in score.measures]
    changes = [f"{tempo.bpm:.4g} from bar {bisect_right(starts, tempo.onset)}" for tempo in others]
    return [f"{first.bpm:.4g} quarter notes a minute", *changes]


COMMANDS = (command,)


def main() -> None:
    run(*COMMANDS)


if __name__ == "__main__":
    main()
