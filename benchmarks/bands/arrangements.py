"""Arrangements of songs for bands of many kinds, as scores without names of parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random

from benchmarks.bands import mma as arranger
from benchmarks.bands import players as p
from benchmarks.bands.songs import CHORUS, Song
from djmodel.inputs.quantization import STEPS_PER_QUARTER, GridNote
from djmodel.inputs.score import Measure, Score, ScorePart
from djmodel.music.accompaniment import accompany
from djmodel.music.instruments import PROGRAM_NAMES
from djmodel.music.tune import ChordSpan, Instrument, Note, Tempo

LEADS = (52, 53, 54, 65, 66, 68, 71, 73, 22, 80, 56, 40, 11, 26, 0)
KEYS, GUITARS, PADS = (0, 1, 4, 16, 18), (24, 25, 27), (48, 49, 50, 89, 90, 91)
DISTORTED, BASSES, CHOIRS = (29, 30), (32, 33, 34, 35, 38), (52, 53, 54, 91)
_ONE_LOUDNESS = 96
WINDS = (61, 62, 56, 65, 66, 60)


@dataclass(frozen=True)
class Arrangement:
    """A score, the melody that a listener hears in it, and its chords."""

    kind: str
    score: Score
    melody: tuple[Note, ...]
    chords: tuple[ChordSpan, ...]


Band = tuple[list[p.Played], Sequence[Note]]
"""The parts, and the melody as it is played."""


def _lead(song: Song, rng: Random, low: int = 55, high: int = 84) -> list[Note]:
    """The melody in an octave that suits, sung with some freedom of loudness."""
    mean = sum(n.pitch for n in song.melody) / len(song.melody)
    up = min(range(-24, 25, 12), key=lambda octave: abs(mean + octave - rng.uniform(low, high)))
    return [replace(n, pitch=n.pitch + up, velocity=rng.randint(70, 100)) for n in song.melody]


def _rhythm_section(song: Song, rng: Random, share: float = 0.0) -> list[p.Played]:
    """Bass, one to three players of chords, and drums."""
    spans = p.anticipated(song.chords, rng, share) if share else list(song.chords)
    bass = rng.choice(
        (p.held_bass, p.eighth_bass, p.root_and_fifth, p.syncopated_bass, p.octave_bass)
    )
    chords: list[tuple[Sequence[int], p.Player]] = [
        (PADS, p.pad(rng.choice((52, 57, 64)), rng.choice((3, 4)))),
        (GUITARS, p.strummed),
        (GUITARS, p.broken(50, p.EIGHTH, rng.choice(("0121", "0123", "032123")))),
        (KEYS, p.broken(55, p.EIGHTH, rng.choice(("0123", "0234", "02132")))),
        (KEYS, p.comping(rng.choice(("x---x---", "x-x-x-x-", "x--x--x-", "x--x-.x-")))),
        (KEYS, p.comping(rng.choice(("x.xx.xx.", "xxxxxxxx", "x..x..x.")), 57, 3)),
        (GUITARS, p.off_beats),
    ]
    chosen = rng.sample(chords, rng.choice((1, 2, 2, 3)))
    if all(play is p.off_beats for _, play in chosen):
        chosen.append(chords[0])
    parts = [p.Played(rng.choice(programs), play(spans, rng)) for programs, play in chosen]
    parts.append(p.Played(rng.choice(BASSES), bass(spans, rng)))
    if rng.random() < 0.8:
        parts.append(p.Played(0, p.beat(song.length, song.meter.beat), drums=True))
    return parts


def pop(song: Song, rng: Random) -> Band:
    """A singer over pads, strummed or broken chords."""
    lead = _lead(song, rng)
    return [p.Played(rng.choice(LEADS), lead), *_rhythm_section(song, rng)], lead


def anticipated(song: Song, rng: Random) -> Band:
    """As pop; most chords are struck an eighth early."""
    lead = _lead(song, rng)
    return [p.Played(rng.choice(LEADS), lead), *_rhythm_section(song, rng, 0.7)], lead


def rock(song: Song, rng: Random) -> Band:
    """A voice below and between distorted guitars: power chords, a keyboard, fills on top."""
    lead = _lead(song, rng, 50, 62)
    share = rng.choice((0.0, 0.5))
    spans = p.anticipated(song.chords, rng, share) if share else list(song.chords)
    rhythm = rng.choice(("xxxxxxxx", "x.xx.xx.", "x..x..x.", "x.x.x.xx"))
    parts = [
        p.Played(rng.choice(LEADS), lead),
        p.Played(rng.choice(DISTORTED), p.power_chords(rhythm, rng.choice((40, 52)))(spans, rng)),
        p.Played(rng.choice(BASSES), p.eighth_bass(spans, rng)),
        p.Played(0, p.beat(song.length, song.meter.beat), drums=True),
    ]
    if rng.random() < 0.7:
        parts.append(p.Played(rng.choice(KEYS), p.pad(60, 3)(spans, rng)))
    else:
        parts.append(p.Played(rng.choice(GUITARS), p.broken(64, p.EIGHTH, "0123")(spans, rng)))
    if rng.random() < 0.6:
        notes = p.fills(lead, song.chords, song.length, rng)
        parts.append(p.Played(rng.choice(DISTORTED), notes))
    return parts, lead


def second_lead(song: Song, rng: Random) -> Band:
    """Beside the melody one that might be it: fills, a riff, long tones above, a second voice."""
    lead = _lead(song, rng)
    parts = [p.Played(rng.choice(LEADS), lead), *_rhythm_section(song, rng)]
    return [*parts, *_rivals(song, lead, rng)], lead


def _rivals(song: Song, lead: Sequence[Note], rng: Random) -> list[p.Played]:
    """Two parts that might be taken for the melody."""
    choices = [
        (LEADS, p.fills(lead, song.chords, song.length, rng)),
        (KEYS + GUITARS, p.riff(rng, rng.choice((60, 69)))(song.chords, rng)),
        ((48, 40, 73, 60), p.counter_line(rng.choice((60, 67, 74)))(song.chords, rng)),
        (LEADS, p.second_voice(lead, song.chords, -1)),
        (LEADS, p.second_voice(lead, song.chords, 1)),
        (CHOIRS, p.backing_vocals(song.chords, rng)),
        (LEADS, p.obbligato(song.chords, rng, rng.choice((55, 62, 70)))),
        (LEADS, p.obbligato(song.chords, rng, rng.choice((55, 62, 70)))),
    ]
    return [p.Played(rng.choice(programs), notes) for programs, notes in rng.sample(choices, 2)]


def doubled(song: Song, rng: Random) -> Band:
    """The melody by two or three: throughout or in some sections, at the unison or an octave."""
    lead = _lead(song, rng)
    parts = [p.Played(rng.choice(LEADS), lead), *_rhythm_section(song, rng)]
    for up in rng.sample((-12, 0, 12), rng.choice((1, 2))):
        everywhere = rng.random() < 0.5
        some = [n for n in lead if everywhere or song.sections[_bar(n, song)] == CHORUS]
        parts.append(p.Played(rng.choice(LEADS), p.moved(some, up)))
    return parts, lead


def verse_and_chorus(song: Song, rng: Random) -> Band:
    """Another instrument leads in the chorus; the one that does not lead rests, or plays long
    tones behind."""
    first = _lead(song, rng)
    up = rng.choice((0, 0, 12, -12))
    verse = [n for n in first if song.sections[_bar(n, song)] != CHORUS]
    chorus = [replace(n, pitch=n.pitch + up) for n in first if n not in verse]
    one, two = rng.sample(LEADS, 2)
    parts = _rhythm_section(song, rng)
    lead = sorted([*verse, *chorus], key=lambda n: n.onset)
    behind_verse: list[Note] = []
    behind_chorus: list[Note] = []
    if rng.random() < 0.5:
        line = p.counter_line(62)(song.chords, rng)
        behind_chorus = [n for n in line if song.sections[_bar(n, song)] == CHORUS]
        behind_verse = [n for n in line if n not in behind_chorus]
    parts += [p.Played(one, verse + behind_chorus), p.Played(two, chorus + behind_verse)]
    return parts, lead


def call_and_response(song: Song, rng: Random) -> Band:
    """Two instruments lead in turns, two or four bars each."""
    lead = _lead(song, rng)
    bars = rng.choice((2, 2, 4))
    up = rng.choice((0, 0, 12, -12))
    calls = [n for n in lead if _bar(n, song) // bars % 2 == 0]
    answers = [replace(n, pitch=n.pitch + up) for n in lead if _bar(n, song) // bars % 2]
    one, two = rng.sample(LEADS, 2)
    parts = [p.Played(one, calls), p.Played(two, answers), *_rhythm_section(song, rng)]
    if rng.random() < 0.4:
        parts.append(p.Played(rng.choice(PADS), p.counter_line(67)(song.chords, rng)))
    return parts, sorted([*calls, *answers], key=lambda n: n.onset)


def house_band(song: Song, rng: Random) -> Band:
    """The styles of the project's own accompaniment."""
    assert song.tune is not None
    style = rng.choice(("swing", "bossa", "ballad", "latin", "funk", "block", "stride", "arpeggio"))
    band = accompany(song.tune, style, rng.randrange(1 << 30))
    parts = [
        p.Played(part.instrument.program, part.notes, part.drums) for part in band.accompaniment
    ]
    lead = _lead(song, rng)
    return [p.Played(rng.choice(LEADS), lead), *parts], lead


def combo(song: Song, rng: Random) -> Band:
    """Jazz by players that know nothing of the project's own: comping, a bass in two, a horn."""
    lead = _lead(song, rng, 58, 76)
    spans = p.anticipated(song.chords, rng, rng.choice((0.0, 0.5)))
    rhythm = rng.choice(("x--x----", "..x---x.", "x-...x--", "x---....", "x--x--x-"))
    parts = [
        p.Played(rng.choice(LEADS), lead),
        p.Played(rng.choice(KEYS + GUITARS), p.comping(rhythm, 53, 4)(spans, rng)),
        p.Played(32, rng.choice((p.root_and_fifth, p.held_bass))(spans, rng)),
        p.Played(0, p.beat(song.length, song.meter.beat), drums=True),
    ]
    extra = rng.random()
    if extra < 0.35:
        parts.append(p.Played(rng.choice(PADS), p.counter_line(70)(song.chords, rng)))
    elif extra < 0.7:
        notes = p.fills(lead, song.chords, song.length, rng)
        parts.append(p.Played(rng.choice(WINDS), notes))
    return parts, lead


def mma(song: Song, rng: Random) -> Band:
    """A style of Musical MIDI Accompaniment, and often a second lead."""
    lead = _lead(song, rng)
    groove = arranger.groove_of("jazz" if song.tune else "folk", song.half, rng)
    parts = [p.Played(rng.choice(LEADS), lead), *arranger.accompaniment(song, groove)]
    return [*parts, *(_rivals(song, lead, rng)[: rng.choice((0, 1))])], lead


KINDS: dict[str, tuple[str, Callable[[Song, Random], Band]]] = {
    "house band": ("jazz", house_band),
    "combo": ("jazz", combo),
    "pop": ("folk", pop),
    "anticipated": ("folk", anticipated),
    "rock": ("folk", rock),
    "second lead": ("folk", second_lead),
    "doubled": ("folk", doubled),
    "verse and chorus": ("folk", verse_and_chorus),
    "call and response": ("folk", call_and_response),
}
if arranger.installed():
    KINDS |= {"MMA, pop": ("folk in four", mma), "MMA, jazz": ("jazz", mma)}


def arrange(kind: str, song: Song, rng: Random) -> Arrangement:
    """An arrangement of a kind, with shuffled parts; in some no part has a program of its own."""
    parts, lead = KINDS[kind][1](song, rng)
    score = score_of(song, parts, rng)
    chords = arranger.simplified(song.chords) if kind.startswith("MMA") else song.chords
    return Arrangement(kind, score, tuple(lead), chords)


def score_of(song: Song, parts: Sequence[p.Played], rng: Random) -> Score:
    """The parts as a score without names, in any order. Some scores have one instrument only, some
    one loudness."""
    parts = [part for part in parts if part.notes]
    rng.shuffle(parts)  # type: ignore[arg-type]
    plain, flat = rng.random() < 0.3, rng.random() < 0.4
    measures = tuple(
        Measure(bar * song.meter.length, song.meter.length, song.meter) for bar in range(song.bars)
    )
    score_parts = []
    for number, part in enumerate(parts, 1):
        program = 0 if plain else part.program
        name = f"Track {number}" if plain or rng.random() < 0.5 else PROGRAM_NAMES[program]
        channel = 10 if part.drums else number + (number >= 10)
        notes = _on_grid(part.notes, song.length, flat)
        instrument = Instrument(name, program)
        score_parts.append(ScorePart(number, name, instrument, channel, part.drums, notes))
    return Score(song.title, tuple(score_parts), measures, (Tempo(Fraction(0), 110.0),))


def _on_grid(notes: Sequence[Note], end: Fraction, flat: bool) -> tuple[GridNote, ...]:
    grid = {
        (round(n.onset * STEPS_PER_QUARTER), n.pitch): GridNote(
            round(n.onset * STEPS_PER_QUARTER),
            round(min(n.end, end) * STEPS_PER_QUARTER),
            n.pitch,
            _ONE_LOUDNESS if flat else n.velocity,
        )
        for n in notes
    }
    return tuple(sorted(note for note in grid.values() if note.end > note.start))


def _bar(note: Note, song: Song) -> int:
    return min(int(note.onset // song.meter.length), song.bars - 1)
