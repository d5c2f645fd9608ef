"""Chord changes as text: `Dm7 | G7 | Cmaj7 | %`, or a well-known form by name: `blues-in-F`.

A chart is typed as players type it, over as many lines as it needs:

| Dm7 G7 | C |          bars, divided by | or by ends of lines; chords in a bar share its beats
C / / G7                a slash (or . or -) holds the chord for a beat; then every sign is one beat,
                        or an eighth, as in C / / G7 / / F /; without slashes at most one chord a
                        beat, or one an eighth
%  %%                    the bar before once more (./., sim. and " too); the two bars before
C,,F,G7                 a comma goes on to the next beat where two follow one another
N.C.                    no chord: the accompaniment rests
(G7)                    an optional chord, which is played
C7 x4   [Dm7 | G7] x2   the bar four times, also C7 (4 bars); the bars twice. x2 behind the last bar
                        line of a line is the whole line twice. Brackets may be nested
|: Dm7 | G7 :|          twice, too; :| x3 is three times. :| alone goes back to the last :|, or to
                        the start
1. 2. [1 [2 |1 :|2      first and second endings
[A]  A:  *A  Bridge:    a section begins; (A) does so alone on its line. [A] x2 is a bar of A major
3/4                     the meter from here on
D.C. al Fine, D.S. al Coda, Segno, To Coda, Coda, Fine      as players read them
# ...  // ...  ; ...    comments

Above the music may stand a title, Key: F, Tempo: 140, Time: 3/4, Feel: bossa, and other words.

Changes are also links and exported pages of iReal Pro (`charts/ireal`), lead sheets of Impro-Visor
(`charts/impro_visor`) and text for Band-in-a-Box (`charts/band_in_a_box`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from djmodel.music.charts.chart import Chart
from djmodel.music.charts.errors import ChangesError
from djmodel.music.charts.forms import form_of
from djmodel.music.charts.ireal.links import has_link, read_playlist
from djmodel.music.charts.ireal.songs import chart_of_song, find_song
from djmodel.music.charts.parser import parse_chart
from djmodel.music.key import key_signature
from djmodel.music.meter import COMMON_TIME, Meter, parse_meter
from djmodel.music.pitch import MAX_KEY_ACCIDENTALS
from djmodel.music.tune import Bpm, Change, Section, Tune
from seqmodel.errors import InputError
from seqmodel.settings import Count, SettingError, checked

_READ = "read_changes makes a tune of a file; a configuration takes its text, from Path.read_text"


def read_chart(text: str, meter: Meter | str = COMMON_TIME, *, song: str | None = None) -> Chart:
    """The written chart of changes as text, in whichever notation: typed as above, the name of a
    form, a lead sheet of Impro-Visor, or a link of iReal Pro, or a page with links, of which `song`
    names one. `meter` is that of changes that name none.

    Raises ChangesError, which points at the line and the column that cannot be read, and
    SettingError for a `song` that is not there.
    """
    if has_link(text):
        return chart_of_song(find_song(read_playlist(text), song))
    if re.match(r"\s*<(?:!doctype\s+)?html", text, re.IGNORECASE):
        hint = "export the song or the playlist from iReal Pro again"
        raise InputError("the page has no link of iReal Pro", hint=hint)
    if is_file_name(text):
        raise ChangesError(
            "this is the name of a file, not changes", text, 0, len(text), hint=_READ
        )
    if song is not None:
        raise SettingError("only a playlist of iReal Pro has songs to name", "song")
    if isinstance(meter, str):
        meter = parse_meter(meter)
    return form_of(text, meter) or parse_chart(text, meter)


def is_file_name(text: str) -> bool:
    """True for text that can only be the name of a file, such as `chart.txt`."""
    return bool(re.fullmatch(r"[^\s|]+\.[A-Za-z]{2,8}", text))


@checked
def parse_changes(
    changes: str,
    meter: Meter | str = COMMON_TIME,
    *,
    song: str | None = None,
    repeats: bool = True,
    alternates: bool = False,
    choruses: Count = 1,
    last: bool = True,
    pick_up: Fraction = Fraction(0),
    tempo: Bpm | None = None,
    title: str = "",
) -> Tune:
    """A tune without melody or accompaniment, from changes as text: typed, the name of a form, a
    lead sheet of Impro-Visor, or a link of iReal Pro, or a page with links, of which `song` names
    one. It is in the order in which it is played (without `repeats`, as it is written), with its
    sections, and with the `alternates` of a chart in place of other chords.

    The name of a form may have a key: `rhythm-changes`, `blues-in-F`, `minor-blues-in-A`. The key
    of other changes is estimated if they do not name it. `meter` is that of changes that name none;
    `tempo` and `title` go before those in the text. With `last`, the last chorus has the ending
    that a chart of iReal Pro has for it; choruses that are played in a loop have none. A `pick_up`
    (quarter lengths) makes a silent first bar of that length, and shortens the last by as much.

    Raises ChangesError, which points at the line and the column that cannot be read, and
    SettingError for a `song` that is not there.

    >>> tune = parse_changes("Dm7 | G7 | Cmaj7 | %", tempo=140)
    >>> len(tune.bars), tune.key
    (4, 0)
    """
    chart = read_chart(changes, meter, song=song)
    chart = chart.with_alternates() if alternates else chart
    written = chart.played(choruses, last=last) if repeats else chart.as_written(choruses)
    tune = with_key(replace(written, title=title or written.title)).at_tempo(tempo)
    return _with_pick_up(tune, pick_up) if pick_up else tune


def with_key(tune: Tune) -> Tune:
    """The tune with an estimated key, if it does not have one."""
    return replace(tune, key=_as_written(tune)) if tune.key is None else tune


def _as_written(tune: Tune) -> int:
    """The estimated signature, with sharps instead of flats, or the reverse, if the roots of the
    changes are mostly written so and it has seven at most: F# for Gb."""
    signature = key_signature(tune)
    written = [change.chord.written for bar in tune.bars for change in bar.changes]
    places = [symbol.root for symbol in written if symbol and symbol.root is not None]
    more_sharps = sum((place > 5) - (place < -1) for place in places)
    if more_sharps * signature >= 0:  # as it is, or undecided
        return signature
    other = signature + (12 if more_sharps > 0 else -12)
    return other if abs(other) <= MAX_KEY_ACCIDENTALS else signature


def _with_pick_up(tune: Tune, pick_up: Fraction) -> Tune:
    first, last = tune.bars[0], tune.bars[-1]
    if not 0 < pick_up < last.length:
        problem = f"a pick-up of {pick_up} quarters does not fit a bar of {last.length}"
        raise InputError(problem, hint="a pick-up is shorter than a bar")
    silent = Change(Fraction(0), first.changes[0].chord, sounding=False)
    rest = last.length - pick_up
    changes = tuple(change for change in last.changes if change.onset < rest)
    pick_up_bar = replace(first, length=pick_up, changes=(silent,))
    shortened = replace(last, length=rest, changes=changes)
    return replace(
        tune,
        bars=(pick_up_bar, *tune.bars[:-1], shortened),
        sections=tuple(Section(bar + 1, name) for bar, name in tune.sections),
        choruses=tuple(bar + 1 for bar in tune.choruses),
    )
