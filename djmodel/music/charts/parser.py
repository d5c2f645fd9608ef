"""Text to a written chart, as `djmodel.music.changes` describes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate

from djmodel.music.charts.band_in_a_box import with_bar_lines
from djmodel.music.charts.beats import shares
from djmodel.music.charts.chart import Chart
from djmodel.music.charts.chord_words import parse_chord_word
from djmodel.music.charts.errors import ChangesError
from djmodel.music.charts.impro_visor import is_lead_sheet, without_expressions
from djmodel.music.charts.lines import MAX_CHARACTERS, plain, split_lines
from djmodel.music.charts.play_order import Marks, PlayOrderError, play_order
from djmodel.music.charts.reader import ChartReader, WrittenBar
from djmodel.music.charts.tokens import Token, tokens_of
from djmodel.music.chord import Chord
from djmodel.music.chord_symbol import ChordSymbolError
from djmodel.music.meter import Meter
from djmodel.music.tune import Bar, Change
from seqmodel.errors import InputError
from seqmodel.text import pluralize

# Hints on words that are chords elsewhere.
_HINTS = (
    (
        re.compile(r"[b#♭♯]?(?:VII|III|IV|VI|II|V|I)(?:[^A-Za-z]\S*|maj\S*|m\S*|dim\S*)?", re.I),
        "write chords by their names, as in Dm7 | G7 | C, or a form in a key: ii-V-I-in-C",
    ),
    (re.compile(r"H\S*"), "H is B in these charts, and the German B is Bb"),
)
_FEW = 4  # chords that one bar can have in a text without bar lines
_TITLE_LENGTH = 40  # characters of the title of a chart that has none


def parse_chart(text: str, meter: Meter) -> Chart:
    """The written chart of changes as text; `meter` is that of a chart that names none. Raises
    ChangesError for text that is not a chart and for marks that no player could follow."""
    if len(text) > MAX_CHARACTERS:
        problem = f"the changes have {len(text):,} characters, more than {MAX_CHARACTERS:,}"
        raise InputError(problem, hint="write fewer bars, or repeat them with x4")
    text = plain(text)
    evenly = is_lead_sheet(text)  # as Impro-Visor divides bars
    if evenly:
        text = without_expressions(text)
    heading, lines = split_lines(text)
    reader = ChartReader(text, heading.meter or meter)
    for token in tokens_of(with_bar_lines(lines)):
        reader.read(token)
    written = reader.finished()
    chart = Chart(
        bars=_bars(reader, written, evenly=evenly),
        marks=tuple(Marks(**bar.marks) for bar in written),
        title=heading.title or _short_title([line.text for line in lines]),
        key=heading.key,
        tempo=heading.tempo,
        feel=heading.feel,
        composer=heading.composer,
    )
    try:
        play_order(chart.marks)
    except PlayOrderError as error:
        bar = written[error.bar]
        first, last = (bar.signs or bar.content)[0], (bar.signs or bar.content)[-1]
        length = last.position + len(last.text) - first.position
        raise ChangesError(
            error.problem, text, first.position, length, bar=bar.number, hint=error.hint
        ) from error
    return chart


def _bars(reader: ChartReader, written: Sequence[WrittenBar], *, evenly: bool) -> tuple[Bar, ...]:
    chords = {
        token: _chord(reader, token, bar.number)
        for bar in written
        for token in bar.content
        if token.kind == "chord"
    }
    holding, sounding = next(iter(chords.values())), True
    bars = []
    for bar in written:
        changes: list[Change] = []
        onsets = _even_onsets(bar) if evenly else None
        for token, onset in zip(bar.content, onsets or _onsets(reader, bar), strict=True):
            if token.kind in {"chord", "rest"}:
                holding, sounding = chords.get(token, holding), token.kind == "chord"
            change = Change(onset, holding, sounding)
            if not changes or change != replace(changes[-1], onset=onset):
                changes.append(change)
        bars.append(Bar(bar.meter, bar.meter.length, (), tuple(changes)))
    return tuple(bars)


def _chord(reader: ChartReader, token: Token, number: int) -> Chord:
    try:
        return parse_chord_word(token.text)
    except ChordSymbolError as error:
        at, length = token.position + error.position, len(token.text) - error.position
        problem = f"`{token.text:.64}` is not a chord symbol such as Dm7, G7b9 or C6/9"
        hint = next((hint for kind, hint in _HINTS if kind.fullmatch(token.text)), error.hint)
        raise ChangesError(problem, reader.text, at, length, bar=number, hint=hint) from error


def _onsets(reader: ChartReader, bar: WrittenBar) -> list[Fraction]:
    """Onsets of the signs of a bar: with slashes each has a beat, or a part of one; with
    commas that follow one another each comma goes on to the next beat; else they share the bar."""
    content, meter = bar.content, bar.meter
    if any(token.kind == "commas" for token in content):
        return _onsets_by_commas(reader, bar)
    holds = sum(token.kind == "hold" for token in content)
    if not holds or holds == len(content):
        return _onsets_by_shares(reader, bar)
    signs = sum(map(_signs, content))
    beats = meter.beat_onsets(meter.length)
    if signs not in {len(beats), _parts(meter)}:
        found = pluralize(signs, "sign")
        problem = f"a bar of {meter} with slashes has {found} instead of {len(beats)}, one per beat"
        hint = "write | between bars, and a slash for each further beat of a chord"
        raise _bar_error(reader, bar, problem, hint)
    return _onsets_by_signs(bar)


def _even_onsets(bar: WrittenBar) -> list[Fraction] | None:
    """Onsets of signs that have equal parts of a bar; None where these are beats anyway."""
    count = sum(map(_signs, bar.content))
    beats = len(bar.meter.beat_onsets(bar.meter.length))
    holds = any(token.kind == "hold" for token in bar.content)
    if count == beats or (count < beats and not holds):
        return None
    return _onsets_by_signs(bar)


def _onsets_by_signs(bar: WrittenBar) -> list[Fraction]:
    """Onsets of signs that have equal parts of a bar."""
    counts = [*map(_signs, bar.content)]
    before = accumulate(counts[:-1], initial=0)
    return [bar.meter.length * at / sum(counts) for at in before]


def _signs(token: Token) -> int:
    """The number of signs that a token is: `//` holds a chord twice."""
    return len(token.text) if token.kind == "hold" else 1


def _parts(meter: Meter) -> int:
    """The number of the parts of beats in a bar: three each in a compound meter, else two."""
    return len(meter.beat_onsets(meter.length)) * (3 if meter.is_compound else 2)


def _onsets_by_shares(reader: ChartReader, bar: WrittenBar) -> list[Fraction]:
    """Onsets of signs that share a bar. Raises ChangesError for more than there are beats, unless
    they share its eighths evenly, in a text with bar lines."""
    content, meter = bar.content, bar.meter
    beats = len(meter.beat_onsets(meter.length))
    bars_in_a_row = len(content) > _FEW and not re.search(r"[|\n]", reader.text.strip())
    if len(content) > beats and (bars_in_a_row or _parts(meter) % len(content)):
        problem = f"a bar of {meter} has {len(content)} chords, more than its {beats} beats"
        hint = "write a bar line between them, or a slash for each eighth that a chord holds"
        raise _bar_error(reader, bar, problem, hint)
    return shares(len(content), meter)


def _bar_error(reader: ChartReader, bar: WrittenBar, problem: str, hint: str) -> ChangesError:
    """The error that points at all signs of a bar."""
    start, last = bar.content[0].position, bar.content[-1]
    length = last.position + len(last.text) - start
    return ChangesError(problem, reader.text, start, length, bar=bar.number, hint=hint)


def _onsets_by_commas(reader: ChartReader, bar: WrittenBar) -> list[Fraction]:
    """Onsets of the signs of a bar such as `C,,F,G7`: on beats 1, 3 and 4."""
    beats = bar.meter.beat_onsets(bar.meter.length)
    if bar.meter.is_compound and len(bar.content) > len(beats):
        pulse = bar.meter.beat / 3
        beats = tuple(pulse * number for number in range(bar.meter.numerator))
    onsets, at = [], 0
    for number, token in enumerate(bar.content):
        commas = token.text.count(",") if token.kind == "commas" else 0
        if not commas and at >= len(beats):
            problem = f"a bar of {bar.meter} with commas has more than {len(beats)} beats"
            place = token.position, len(token.text)
            raise ChangesError(problem, reader.text, *place, bar=bar.number)
        onsets.append(beats[min(at, len(beats) - 1)])
        at += 1 if not commas else commas - (number > 0)
    return onsets


def _short_title(lines: Sequence[str]) -> str:
    """The first bars of a chart without a title."""
    bars = " | ".join(re.sub(r"^\s*\|+\s+|\s+\|+\s*$", "", line) for line in lines)
    words = " ".join(bars.split())
    if len(words) <= _TITLE_LENGTH:
        return words
    cut = words[:_TITLE_LENGTH]
    end = cut.rfind(" |") if " |" in cut else cut.rfind(" ") if " " in cut else _TITLE_LENGTH
    return f"{cut[:end].rstrip()} | ..."
