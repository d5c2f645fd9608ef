"""Changes as text for the page: read, with every mistake marked; moved to another key; written out
from a tune."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import groupby

from djmodel.app.events import Json, bars_json, sections_json
from djmodel.app.messages import MAX_BARS, ChartRequest, RequestError, number
from djmodel.music.accompaniment.styles import default_style
from djmodel.music.changes import parse_changes, read_chart, with_key
from djmodel.music.charts.errors import ChangesError
from djmodel.music.charts.forms import FORMS, hyphenated
from djmodel.music.charts.ireal.links import has_link, link_of, read_playlist
from djmodel.music.charts.ireal.songs import find_song
from djmodel.music.charts.lines import plain, split_lines
from djmodel.music.charts.tokens import tokens_of
from djmodel.music.chord_symbol import ChordSymbolError, chord_symbol, parse_chord_symbol
from djmodel.music.key import key_signature
from djmodel.music.meter import COMMON_TIME, Meter, parse_meter
from djmodel.music.pitch import note_name, pitch_class
from djmodel.music.tune import Bar, Change, Tune
from seqmodel.errors import InputError
from seqmodel.text import printable

MAX_MISTAKES = 8
_BARS_PER_LINE = 4
_KEY_FIELD = re.compile(r"(?im)^([ \t]*key[ \t]*[:=][ \t]*)[A-G][b♭#♯]?")


def chart(request: ChartRequest) -> Json:
    """The answer to `POST /chart`, also for changes with mistakes."""
    text = request.changes
    try:
        meter = parse_meter(request.meter)
    except InputError as error:
        raise RequestError(error.message, field="meter", hint=error.hint) from error
    songs: list[str] = []
    if has_link(text):
        try:
            playlist = read_playlist(text)
            songs = [song.title for song in playlist.songs]
            text = link_of([find_song(playlist, request.song or songs[0])])
        except InputError as error:
            return {"ok": False, "errors": [_without_place(error)], "songs": songs}
    if errors := mistakes(text, meter):
        return {"ok": False, "errors": errors, "songs": songs}
    read = read_chart(text, meter)
    tune = with_key(read.played(last=False))  # the page plays choruses in a loop
    if request.transpose:
        text, tune = transposed(text, meter, request.transpose)
    elif songs:
        text = written_out(tune)
    if request.transpose or songs:
        read = read_chart(text, meter)
    has_tempo = read.tempo is not None
    shown = {"songs": songs, "text": text, "has_tempo": has_tempo, **chart_json(tune)}
    return {"ok": True, "errors": [], **shown}


def chart_json(tune: Tune) -> Json:
    """The chart of changes as the page shows it."""
    key = key_signature(tune)
    return {
        "title": tune.title,
        "key": key,
        "key_name": note_name(key),
        "tempo": tune.tempos[0].bpm,
        "feel": tune.feel,
        "style": default_style(tune),
        "length": number(tune.length),
        "sections": sections_json(tune),
        "bars": bars_json(tune),
    }


def mistakes(text: str, meter: Meter) -> list[Json]:
    """The mistakes in changes as text, in its order, at most MAX_MISTAKES; none if it can be read.

    The reader stops at the first. To find more, what is wrong is replaced by a chord as long, and
    the text is read again.
    """
    found: list[tuple[int, Json]] = []
    written = repaired = plain(text)
    while len(found) < MAX_MISTAKES:
        try:
            bars = len(parse_changes(repaired, meter).bars)
        except ChangesError as error:
            at, length = error.position, error.length
            is_here = error.text == repaired
            if any(at == place for place, _ in found) or (found and not is_here):
                break
            found.append((at, _mistake(error, written if is_here else None)))
            if not is_here or not length:
                break
            around = repaired[at - 1 : at] + repaired[at + length : at + length + 1]
            chord = "C" if re.fullmatch(r"[\s|:()\[\]]*", around) else " "
            repaired = repaired[:at] + chord.ljust(length) + repaired[at + length :]
        except InputError as error:
            return [mistake for _, mistake in found] or [_without_place(error)]
        else:
            if bars > MAX_BARS and not found:
                hint = "write a shorter form; choruses repeat it"
                message = f"the chart has {bars:,} bars, more than the {MAX_BARS} played at a time"
                return [_without_place(InputError(message, hint=hint))]
            break
    return [mistake for _, mistake in sorted(found, key=lambda each: each[0])]


def _mistake(error: ChangesError, text: str | None) -> Json:
    """A mistake; in `text` if it has a place there."""
    if text is None:
        return {**_without_place(error), "bar": error.bar}
    before = text[: error.position]
    line = before.rpartition("\n")[2]
    return {
        "message": printable(error.problem),
        "hint": printable(error.hint),
        "start": _utf16(before),
        "length": _utf16(text[error.position : error.position + error.length]),
        "line": before.count("\n") + 1,
        "column": _utf16(line) + 1,
        "bar": error.bar,
    }


def _without_place(error: InputError) -> Json:
    message = error.problem if isinstance(error, ChangesError) else error.message
    place = {"start": 0, "length": 0, "line": 1, "column": 1, "bar": 0}
    return {"message": printable(message), "hint": printable(error.hint), **place}


def _utf16(text: str) -> int:
    """The length of a text as JavaScript counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def transposed(text: str, meter: Meter, semitones: int) -> tuple[str, Tune]:
    """Changes as text and as a tune, `semitones` higher. The text keeps its layout where moving
    its chords and its key gives that tune; else it is written out."""
    tune = parse_changes(text, meter, last=False)
    wanted = tune.transposed(semitones)
    name = hyphenated(text.strip()).partition("-in-")[0]
    if name.casefold() in {each.casefold() for each in FORMS}:
        root = (parse_chord_symbol(tune.title.rpartition(" in ")[2]).root + semitones) % 12
        place = next(place for place in range(-5, 7) if pitch_class(place) == root)
        moved = f"{name}-in-{note_name(place)}"
        return moved, parse_changes(moved, meter)
    key, fifths = key_signature(tune), key_signature(wanted) - key_signature(tune)
    moved = plain(text)
    for token in reversed([*tokens_of(split_lines(moved)[1])]):
        if token.kind == "chord":
            try:
                chord = parse_chord_symbol(token.text).transposed(semitones, fifths)
            except ChordSymbolError:
                continue
            end = token.position + len(token.text)
            moved = moved[: token.position] + chord_symbol(chord, key + fifths) + moved[end:]
    moved = _KEY_FIELD.sub(lambda field: field[1] + note_name(key + fifths), moved)
    try:
        read = parse_changes(moved, meter)
    except InputError:
        read = None
    if read is None or _changes(read) != _changes(wanted) or read.key != wanted.key:
        moved = written_out(wanted)
        read = parse_changes(moved)
    return moved, read


def _changes(tune: Tune) -> list[tuple[Change, ...]]:
    return [bar.changes for bar in tune.bars]


def written_out(tune: Tune) -> str:
    """The changes of a tune as a chart, bar by bar as it is played: title, key, tempo and meter,
    then four bars in a line, a section on a line of its own. Changes between beats move to the
    nearest beat; a pick-up is left out.

    >>> print(written_out(parse_changes("Dm7 G7 | C / / Am7", tempo=140, title="Two bars")))
    Title: Two bars
    Key: C
    Tempo: 140
    Time: 4/4
    Dm7 G7 | C / / Am7
    """
    key, first = key_signature(tune), int(tune.has_pickup)
    meter = _written_meter(tune.bars[first])
    title = printable(tune.title, 100)
    heading = [f"Title: {title}"] if title else []
    heading += [f"Key: {note_name(key)}", f"Tempo: {tune.tempos[0].bpm:g}", f"Time: {meter}"]
    heading += [f"Feel: {tune.feel}"] if tune.feel else []
    names = {section.bar: section.name for section in tune.sections}
    section, rows = 0, []
    for index in range(first, len(tune.bars)):
        bar = tune.bars[index]
        words = [_bar_text(bar, key)]
        if (written := _written_meter(bar)) != meter:
            meter = written
            words.insert(0, str(meter))
        section += index in names
        rows.append((section, " ".join(words), names.get(index, "")))
    lines = []
    for _, group in groupby(rows, key=lambda row: row[0]):
        bars = [*group]
        label = re.sub(r"[\[\]|\n]", " ", printable(bars[0][2], 30)).strip()
        for at in range(0, len(bars), _BARS_PER_LINE):
            texts = [text for _, text, _ in bars[at : at + _BARS_PER_LINE]]
            lines.append((f"[{label}] " if label and not at else "") + " | ".join(texts))
    return "\n".join([*heading, *lines])


def _written_meter(bar: Bar) -> Meter:
    """The meter of a bar, or of its length where that differs."""
    if bar.length == bar.meter.length:
        return bar.meter
    unit = next((u for u in (4, 8, 16, 32) if (bar.length * u / 4).denominator == 1), None)
    return Meter(int(bar.length * unit / 4), unit) if unit else COMMON_TIME


def _bar_text(bar: Bar, key: int) -> str:
    """The chords of a bar: alone, in equal shares, or with a slash for each further beat."""
    meter = _written_meter(bar)
    beats = meter.beat_onsets(meter.length)
    at: dict[Fraction, str] = {}
    for change in bar.changes:
        beat = min(beats, key=lambda beat: abs(beat - change.onset))
        at[beat] = chord_symbol(change.chord, key) if change.sounding else "N.C."
    if len(beats) % len(at) == 0 and [*at] == [*beats[:: len(beats) // len(at)]]:
        return " ".join(at.values())
    return " ".join(at.get(beat, "/") for beat in beats)
