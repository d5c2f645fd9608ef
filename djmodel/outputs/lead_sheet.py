"""A tune as a lead sheet: melody on a staff, chord symbols above; as MusicXML, SVG or PNG.

music21 writes the MusicXML, verovio engraves it, resvg makes pixels of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from djmodel.music.chord import Chord, chord_symbol
from djmodel.music.instruments import instrument_name
from djmodel.music.key import (
    Spelling,
    chord_tone_places,
    key_of,
    spell,
    step_and_alter,
    symbol_place,
)
from djmodel.music.tune import Bar, Change, Meter, Note, Tune
from djmodel.outputs.chord_names import engraved
from djmodel.outputs.rhythm import Written, written
from djmodel.outputs.roll import has_pickup
from djmodel.outputs.suffixes import NOTES, PICTURE, SCORE
from seqmodel.errors import InputError
from seqmodel.files import atomic_write, check_suffix
from seqmodel.optional import require, require_package

if TYPE_CHECKING:
    from music21.duration import Duration
    from music21.harmony import ChordSymbol, NoChord
    from music21.meter import TimeSignature
    from music21.note import GeneralNote
    from music21.pitch import Pitch
    from music21.stream import Measure, Part, Score

BARS_PER_LINE = 4

_MUSICXML = ("music21.musicxml.m21ToXml", "to write MusicXML", "music21")
_ENGRAVER = ("verovio", "to engrave a lead sheet")
_PIXELS = ("resvg_py", "to make a PNG of a lead sheet")

# Sizes in units of the engraver, a tenth of a millimetre on paper; two are a CSS pixel.
_MARGIN = 40
_HEADING = 110  # height
_SIGNS_WIDTH = 180  # of clef and key signature, at the start of a line
_NOTE, _SIGN, _BAR_LINE = 38, 16, 40  # what a note needs, what an accidental adds, a bar line
_LETTER, _ROOT = 21, 30  # of a chord symbol
_SCALE = 50  # percent
_PNG_ZOOM = 2  # pixels a CSS pixel
_PAPER = "#FFFFFF"
_ROOT_SIZE, _SUFFIX_SIZE = 405, 300  # of a chord symbol, whose many letters are smaller
_TITLE_PIXELS, _LEAST_PIXELS = 20, 11  # a long title is set smaller
_LETTER_SHARE = 0.7  # width of a letter in its size, in bold type

# Kinds of chords that MusicXML knows, as semitones above the root; plain ones first.
_KINDS: dict[str, frozenset[int]] = {
    "major": frozenset({0, 4, 7}),
    "minor": frozenset({0, 3, 7}),
    "dominant-seventh": frozenset({0, 4, 7, 10}),
    "major-seventh": frozenset({0, 4, 7, 11}),
    "minor-seventh": frozenset({0, 3, 7, 10}),
    "half-diminished-seventh": frozenset({0, 3, 6, 10}),
    "diminished": frozenset({0, 3, 6}),
    "diminished-seventh": frozenset({0, 3, 6, 9}),
    "augmented": frozenset({0, 4, 8}),
    "augmented-seventh": frozenset({0, 4, 8, 10}),
    "minor-major-seventh": frozenset({0, 3, 7, 11}),
    "major-sixth": frozenset({0, 4, 7, 9}),
    "minor-sixth": frozenset({0, 3, 7, 9}),
    "dominant-ninth": frozenset({0, 2, 4, 7, 10}),
    "major-ninth": frozenset({0, 2, 4, 7, 11}),
    "minor-ninth": frozenset({0, 2, 3, 7, 10}),
    "suspended-fourth": frozenset({0, 5, 7}),
    "suspended-second": frozenset({0, 2, 7}),
    "power": frozenset({0, 7}),
}
# A tone that a kind lacks, or has too many of: degree of the scale above the root, and semitones
# away from that degree of the major scale.
_DEGREES: dict[int, tuple[int, int]] = {
    1: (9, -1), 2: (9, 0), 3: (9, 1), 4: (3, 0), 5: (11, 0), 6: (11, 1),
    7: (5, 0), 8: (13, -1), 9: (13, 0), 10: (7, -1), 11: (7, 0),
}  # fmt: skip

# Signs that verovio sets in its own font, which only itself knows, and what any font has for them.
_SIGNS = {
    "\ue260": "♭", "\ue261": "♮", "\ue262": "♯", "\uea64": "♭", "\uea65": "♮", "\uea66": "♯",
    "\ueca3": "\U0001d15e", "\ueca5": "♩", "\ueca7": "♪", "\uecb7": ".",
}  # fmt: skip
# Notes that any font has, by their length in quarter lengths.
_BEAT_SIGNS = {Fraction(1, 2): "♪", Fraction(3, 4): "♪.", Fraction(1): "♩", Fraction(3, 2): "♩."}


@dataclass(frozen=True)
class Paper:
    """How wide a sheet is, in tenths of a millimetre, and how many bars go in a line at most."""

    width: int
    bars: int


SCREEN = Paper(2120, BARS_PER_LINE)
PHONE = Paper(1000, 2)


@dataclass(frozen=True)
class LeadSheet:
    """An engraved tune. Shows itself in a notebook."""

    svg: str = field(repr=False)

    def png(self, zoom: float = _PNG_ZOOM) -> bytes:
        """The picture on white, `zoom` pixels a CSS pixel, with fonts that come along: equal on
        every machine. Raises MissingPackageError without resvg_py."""
        resvg = require_package(*_PIXELS)
        import matplotlib

        content: bytes = resvg.svg_to_bytes(
            svg_string=self.svg.replace("currentColor", "#000000"),
            background=_PAPER,
            zoom=zoom,
            skip_system_fonts=True,
            font_dirs=[str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")],
            font_family="DejaVu Sans",
            serif_family="DejaVu Serif",
            sans_serif_family="DejaVu Sans",
        )
        return content

    def save(self, path: str | Path) -> None:
        """Writes a .svg or .png file. Raises InputError for another ending."""
        path = Path(path)
        ending = check_suffix(path, PICTURE)
        content = self.png() if ending == ".png" else _on_paper(self.svg).encode()
        with atomic_write(path) as temporary:
            temporary.write_bytes(content)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """A PNG is shown wherever a notebook is read; drawings are taken out of one that is not
        trusted."""
        png = self.png()
        width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
        return png, {"width": width // _PNG_ZOOM, "height": height // _PNG_ZOOM}


def lead_sheet(
    tune: Tune, paper: Paper = SCREEN, *, heading: bool = True, seed: int = 1
) -> LeadSheet:
    """The lead sheet of a tune, engraved, with as many bars in a line as `paper` and the music
    allow. `heading` writes title and tempo above. `seed` makes the names of its parts, which must
    differ within one page.

    Raises MissingPackageError without verovio, NotationError for no bars, and for lengths that
    cannot be written.
    """
    if not tune.bars:
        raise NotationError("at least one bar of music", "none", path=tune.title or None)
    line = _fitting_line(tune, paper)
    xml = _exported(tune, line, labels=False)
    return LeadSheet(_engraved(xml, tune, line, paper, heading, seed))


def require_score(ending: str) -> None:
    """Raises MissingPackageError if `write_score` would, for a file of this ending."""
    pictures = {".svg": (_ENGRAVER,), ".png": (_ENGRAVER, _PIXELS)}
    for package in (_MUSICXML, *pictures.get(ending, ())):
        require(*package)


def write_score(tune: Tune, path: str | Path) -> None:
    """The lead sheet as the file `path`: .svg, .png, .musicxml or .xml. Raises InputError for
    another ending, FileError where it cannot be written, and as `lead_sheet`."""
    path = Path(path)
    if check_suffix(path, SCORE) in NOTES:
        content = musicxml(tune, _fitting_line(tune, SCREEN))
        with atomic_write(path) as temporary:
            temporary.write_text(content, encoding="utf-8")
    else:
        lead_sheet(tune).save(path)


def musicxml(tune: Tune, bars_a_line: int = BARS_PER_LINE) -> str:
    """The lead sheet of a tune as MusicXML, with a new line every `bars_a_line` bars."""
    return _exported(tune, bars_a_line, labels=True)


def to_music21(tune: Tune, bars_a_line: int = BARS_PER_LINE, labels: bool = True) -> Score:
    """The lead sheet of a tune as a music21 score of one part, every bar a measure: notes spelled
    in the key, ties, beams, triplets, chord symbols, bar numbers; with `labels` the name of the
    instrument and the first tempo, too."""
    from music21 import clef, key, layout, metadata, stream, tempo

    fifths = key_of(tune)
    names = _spellings(tune, fifths)
    part = stream.Part(id="P1")
    part.partName = instrument_name(tune.instrument.name, tune.instrument.program) if labels else ""
    first_number = 0 if has_pickup(tune) else 1
    before: Bar | None = None
    for index, bar in enumerate(tune.bars):
        measure = stream.Measure(number=first_number + index)
        if before is None:
            measure.insert(0, clef.BassClef() if _is_low(tune) else clef.TrebleClef())
            measure.insert(0, key.KeySignature(fifths))
            if labels and tune.tempos:
                beat = bar.meter.beat
                number = round(tune.tempos[0].bpm / beat)
                measure.insert(0, tempo.MetronomeMark(number=number, referent=float(beat)))
        if before is None or before.meter != bar.meter:
            measure.insert(0, _time_signature(bar.meter))
        if bar.length < bar.meter.length:
            measure.paddingLeft = float(bar.meter.length - bar.length)
        if measure.number == 0:
            measure.showNumber = stream.enums.ShowNumber.NEVER
        if measure.number > 1 and (measure.number - 1) % bars_a_line == 0:
            measure.insert(0, layout.SystemLayout(isNew=True))
        following = tune.bars[index + 1] if index + 1 < len(tune.bars) else None
        _fill(measure, bar, following, before, names)
        part.append(measure)
        before = bar
    if tune.bars:
        part.makeAccidentals(inPlace=True, cautionaryNotImmediateRepeat=False)
        part.makeBeams(inPlace=True)
        _put_chords(part, tune, fifths)
        measure.rightBarline = "final"
    score = stream.Score([part])
    score.metadata = metadata.Metadata(title=tune.title or " ")
    return score


class NotationError(InputError):
    """Notes that cannot be written on a staff."""


def _time_signature(meter: Meter) -> TimeSignature:
    """A time signature that beams within quarters where music21 joins two or three of them."""
    from music21 import meter as meters

    signature = meters.TimeSignature(str(meter))
    if meter.denominator == 4:
        signature.beamSequence = meters.MeterSequence("+".join(["1/4"] * meter.numerator))
        for beat in range(meter.numerator):
            signature.beamSequence[beat] = signature.beamSequence[beat].subdivide(2)
    return signature


def _put_chords(part: Part, tune: Tune, key: int) -> None:
    """Chord symbols where the chords change. After the accidentals of the notes: music21 takes the
    tones of chord symbols for notes, too."""
    from music21.stream import Measure

    last: tuple[Chord, bool] | None = None
    for measure, bar in zip(part.getElementsByClass(Measure), tune.bars, strict=True):
        for change in bar.changes:
            if (change.chord, change.sounding) != last:
                measure.insert(change.onset, _chord_mark(change, key))
            last = (change.chord, change.sounding)
        if measure.number == 0:
            last = None  # a pick-up is easily overlooked


def _exported(tune: Tune, bars_a_line: int, labels: bool) -> str:
    """MusicXML without what music21 adds of its own: a composer of its name, the date."""
    exporting = require_package(*_MUSICXML)
    exporter = exporting.GeneralObjectExporter()
    exporter.makeNotation = False  # what is written, and how, has been decided here
    xml: bytes = exporter.parse(to_music21(tune, bars_a_line, labels))
    return re.sub(
        r"\s*<creator type=\"composer\">Music21</creator>|\s*<encoding-date>.*?</encoding-date>",
        "",
        xml.decode("utf-8"),
    )


def _fill(
    measure: Measure,
    bar: Bar,
    following: Bar | None,
    before: Bar | None,
    names: dict[int, Spelling],
) -> None:
    """Puts the notes and rests of a bar into its measure. `names` holds the spelling of each note
    by the identity of the note object."""
    from music21 import note, tie

    if not bar.melody:
        rest = note.Rest(quarterLength=bar.length)
        rest.fullMeasure = True
        measure.insert(0, rest)
        return
    try:
        pieces = written(bar, tied_on=following is not None and _ties_over(bar, following))
    except ValueError as error:
        raise NotationError(
            "note lengths that divide a quarter by four or three",
            str(error),
            path=f"bar {measure.number}",
            hint="put the tune on that grid first",
        ) from error
    held = before is not None and _ties_over(before, bar)
    last: Note | None = None
    for piece in pieces:
        written_note: GeneralNote
        if piece.note is None:
            written_note = note.Rest()
        else:
            spelling = names[id(piece.note)]
            written_note = note.Note()
            written_note.pitch = _pitch(spelling)
            comes = piece.note is last or (last is None and held and piece.onset == 0)
            if piece.tied or comes:
                kind = "continue" if piece.tied and comes else "start" if piece.tied else "stop"
                written_note.tie = tie.Tie(kind)
        written_note.duration = _duration(piece)
        measure.insert(piece.onset, written_note)
        last = piece.note


def _ties_over(bar: Bar, following: Bar) -> bool:
    """Whether the last note of a bar goes on in the next."""
    if not bar.melody or not following.melody:
        return False
    last, first = bar.melody[-1], following.melody[0]
    return first.tied and first.onset == 0 and last.end >= bar.length and last.pitch == first.pitch


def _duration(piece: Written) -> Duration:
    from music21 import duration

    made = duration.Duration(float(piece.value))
    if piece.triplet:
        group = duration.Tuplet(3, 2, made.type)
        group.type = (
            "startStop"
            if piece.begins and piece.ends
            else "start"
            if piece.begins
            else "stop"
            if piece.ends
            else None
        )
        made.appendTuplet(group)
    return made


def _pitch(spelling: Spelling) -> Pitch:
    from music21 import pitch

    sign = "#" * spelling.alter if spelling.alter > 0 else "-" * -spelling.alter
    return pitch.Pitch(f"{spelling.step}{sign}", octave=spelling.octave)


def _spellings(tune: Tune, key: int) -> dict[int, Spelling]:
    """The spelling of each melody note, by the identity of the note object."""
    notes = [(note, bar.chord_at(note.onset)) for bar in tune.bars for note in bar.melody]
    spelled = spell([note.pitch for note, _ in notes], [chord for _, chord in notes], key)
    return {id(note): name for (note, _), name in zip(notes, spelled, strict=True)}


def _chord_mark(change: Change, key: int) -> ChordSymbol | NoChord:
    """A change as MusicXML has it: kind, degrees, and the text as `chord_symbol` writes it."""
    from music21 import harmony

    if not change.sounding:
        return harmony.NoChord("N.C.")
    chord = change.chord
    kind, added, missing = chord_kind(chord)
    text = chord_symbol(Chord(chord.root, chord.intervals, chord.root), key)
    root = step_and_alter(symbol_place(text))
    suffix = text[1 + abs(root[1]) :]
    mark = harmony.ChordSymbol(root=_name(root), kind=kind, kindStr=suffix)
    if chord.bass != chord.root:
        with_bass = Chord.of(chord.root, (*chord.intervals, chord.bass - chord.root))
        bass = step_and_alter(chord_tone_places(with_bass, key)[chord.bass])
        mark.bass(_name(bass), allow_add=True)
    for modification, intervals in (("add", added), ("subtract", missing)):
        for interval in intervals:
            degree, alter = _DEGREES[interval]
            mark.addChordStepModification(
                harmony.ChordStepModification(modification, degree, alter), updatePitches=False
            )
    mark.writeAsChord = False
    return mark


def chord_kind(chord: Chord) -> tuple[str, list[int], list[int]]:
    """The nearest kind that MusicXML names, the intervals to add to it and those to leave out."""
    tones = frozenset(chord.intervals) | {0}

    def fit(kind: str) -> int:
        return 2 * len(_KINDS[kind] - tones) + len(tones - _KINDS[kind])

    best = min(_KINDS, key=fit)
    return best, sorted(tones - _KINDS[best]), sorted(_KINDS[best] - tones)


def _name(place: tuple[str, int]) -> str:
    step, alter = place
    return step + ("#" * alter if alter > 0 else "-" * -alter)


def _is_low(tune: Tune) -> bool:
    pitches = [note.pitch for note in tune.melody_notes()]
    return bool(pitches) and sum(pitches) / len(pitches) < 55


def _fitting_line(tune: Tune, paper: Paper) -> int:
    """How many bars go in a line so that the fullest line holds its notes and chord symbols."""
    key = key_of(tune)
    widths = [_bar_width(bar, key) for bar in tune.bars]
    first = 1 if has_pickup(tune) else 0
    room = paper.width - 2 * _MARGIN - _SIGNS_WIDTH
    for line in range(paper.bars, 1, -1):
        starts = [0, *range(first + line, len(widths), line)]
        ends = [*starts[1:], len(widths)]
        if all(sum(widths[a:b]) <= room for a, b in zip(starts, ends, strict=True)):
            return line
    return 1


def _bar_width(bar: Bar, key: int) -> float:
    """About how wide a bar is whose notes and chord symbols do not touch."""
    scale = {7 * fifths % 12 for fifths in range(key - 1, key + 6)}
    signs = sum(note.pitch % 12 not in scale for note in bar.melody)
    notes = _NOTE * max(len(bar.melody), 1) + _SIGN * signs
    symbols = sum(_ROOT + _LETTER * len(chord_symbol(each.chord, key)) for each in bar.changes)
    return max(notes, symbols) + _BAR_LINE


def _engraved(
    xml: str, tune: Tune, bars_a_line: int, paper: Paper, heading: bool, seed: int
) -> str:
    """Verovio's drawing of MusicXML, as tall as it needs to be, in the ink of what is around it."""
    verovio = require_package(*_ENGRAVER)
    verovio.enableLog(verovio.LOG_ERROR)
    toolkit = verovio.toolkit()
    bars = len(tune.bars) - has_pickup(tune)
    width = paper.width
    if bars < bars_a_line:  # a line that is not full needs no full width
        width = width * (bars + 1) // (bars_a_line + 1)
    toolkit.setOptions({
        "adjustPageHeight": True,
        "breaks": "encoded",
        "font": "Leland",
        "footer": "none",
        "header": "none",
        # The last line is as wide as the others if it holds as many bars.
        "minLastJustification": 0 if bars <= bars_a_line or bars % bars_a_line == 0 else 0.8,
        "pageHeight": 60000,
        "pageMarginBottom": _MARGIN,
        "pageMarginLeft": _MARGIN,
        "pageMarginRight": _MARGIN,
        "pageMarginTop": _HEADING if heading else _MARGIN,
        "pageWidth": width,
        "scale": _SCALE,
        "smuflTextFont": "none",
        "svgFormatRaw": True,
        "svgRemoveXlink": True,
        "xmlIdSeed": seed,
    })  # fmt: skip
    # Verovio prints the text of a chord symbol, and then its degrees, which the text has already.
    if not toolkit.loadData(re.sub(r"<degree[ >].*?</degree>", "", xml, flags=re.DOTALL)):
        raise NotationError("MusicXML that verovio reads", "something else")
    svg = _with_plain_signs(toolkit.renderToSVG(1))
    return _headed(svg, tune) if heading else _sized(svg)


def _with_plain_signs(svg: str) -> str:
    """The same with signs that any font has, where verovio set text in its own; flats and sharps
    within chord symbols too; chord symbols without serifs, with all behind the root smaller."""

    def sign(match: re.Match[str]) -> str:
        return f'<tspan font-size="405px">{_SIGNS.get(match[1], match[1])}</tspan>'

    def symbol(match: re.Match[str]) -> str:
        attributes, content = match[2].split(">", 1)
        text = engraved("".join(re.findall(r">([^<>]+)</tspan>", content)))
        root = re.match(r"N\.C\.|[A-G][♭♯]*|", text)
        assert root  # the empty one at least
        parts = ((root[0], _ROOT_SIZE), (text[root.end() :], _SUFFIX_SIZE))
        spans = "".join(f'<tspan font-size="{n}px">{part}</tspan>' for part, n in parts if part)
        dress = 'font-family="sans-serif" font-weight="bold"'
        return f"{match[1]}<text {dress}{attributes}>{spans}</text>"

    svg = re.sub(r'<tspan font-family="Le\w+" font-size="\d+px">(.)</tspan>', sign, svg)
    return re.sub(r'(class="harm">\s*)<text(.*?)</text>', symbol, svg, flags=re.DOTALL)


def _headed(svg: str, tune: Tune) -> str:
    """The picture with title and first tempo at its top left, where a margin has been left; what is
    longer than the picture is wide is set smaller, then widens it."""
    words, beat = [tune.title], tune.bars[0].meter.beat
    if tune.tempos:
        beat = beat if beat in _BEAT_SIGNS else Fraction(1)
        words.append(f"{_BEAT_SIGNS[beat]} = {tune.tempos[0].bpm / beat:.0f}")
    text = "    ".join(filter(None, words))
    left = _MARGIN * _SCALE / 100
    room = _size(svg)[0] - 2 * left
    fitting = room / (_LETTER_SHARE * max(len(text), 1))
    size = max(min(_TITLE_PIXELS, fitting), _LEAST_PIXELS)
    line = (
        f'<text x="{left:g}" y="26" font-family="sans-serif" font-size="{size:.3g}"'
        f' font-weight="bold" fill="currentColor" xml:space="preserve">{escape(text)}</text>'
    )
    wanted = 2 * left + size * _LETTER_SHARE * len(text)
    return _sized(svg, wanted).replace("</defs>", "</defs>" + line, 1)


def _size(svg: str) -> tuple[float, float]:
    """Width and height of verovio's drawing, in CSS pixels."""
    width, height = re.findall(r'(?:width|height)="([\d.]+)px"', svg)[:2]
    return float(width), float(height)


def _sized(svg: str, least: float = 0) -> str:
    """The picture with its size in a viewBox, so that it shrinks with its surroundings; at `least`
    so wide."""
    width, height = _size(svg)
    width = max(width, least)
    return re.sub(
        r'width="[\d.]+px" height="[\d.]+px"',
        f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}" role="img"',
        svg,
        count=1,
    )


def _on_paper(svg: str) -> str:
    """The picture with a white ground of its own, for viewers with a dark one."""
    return re.sub(
        r"(<svg [^>]*>)",
        rf'\1<rect width="100%" height="100%" style="fill:{_PAPER};stroke:none"/>',
        svg,
        count=1,
    )
