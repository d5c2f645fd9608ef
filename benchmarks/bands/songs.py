"""Songs of which melody and chords are known: jazz solos over their changes, and folk songs of
music21's corpus, two of them as verse and chorus, over chords that are drawn here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from random import Random

from djmodel.inputs.wjazzd.solos import bundled_file, read_solos
from djmodel.music.chord import Chord
from djmodel.music.chord_symbol import parse_chord_symbol
from djmodel.music.meter import Meter
from djmodel.music.tune import ChordSpan, Note, Tune

VERSE, CHORUS = "verse", "chorus"
_FORM = (VERSE, VERSE, CHORUS, VERSE, CHORUS)
_SECTION_BARS = 8
_JAZZ_BARS = 32
_IN_TURN = 10  # solos that belong to one half, before those of the other
# Collections of folk songs with an open licence in music21's corpus, and how many tunes are tried.
_BOOKS = (
    ("essenFolksong/erk5", 60),
    ("essenFolksong/boehme10", 60),
    ("essenFolksong/fink0", 50),
    ("essenFolksong/kinder0", 20),
)
# Chords of a key: the suffixes that a song may give to each degree, the plainest first.
_MAJOR = {
    0: ("", "", "maj7", "add9", "6"), 2: ("m", "m7", "m7"), 4: ("m", "m7"),
    5: ("", "", "maj7", "add9"), 7: ("", "7", "7", "sus4", "7sus4"), 9: ("m", "m", "m7"),
    10: ("",),
}  # fmt: skip
_MINOR = {
    0: ("m", "m", "m7"), 3: ("", "maj7"), 5: ("m", "m7"), 7: ("7", "", "7sus4"),
    8: ("", "maj7"), 10: ("", "7", "sus4"), 2: ("m7b5",),
}  # fmt: skip
# Weights of moves of the root, by rise in semitones.
_MOVES = {0: 0.3, 5: 3.0, 7: 2.0, 2: 1.5, 9: 1.2, 10: 1.0, 3: 0.8, 4: 0.6, 8: 0.8}


@dataclass(frozen=True)
class Song:
    """Melody and chords from the start of the song, in bars of one meter; `sections`: the name of
    the section of each bar; `half`: the half of the material that it belongs to, for settings or
    for the report; `tune`: the tune that it was made from, where there is one."""

    title: str
    meter: Meter
    bars: int
    melody: tuple[Note, ...]
    chords: tuple[ChordSpan, ...]
    sections: tuple[str, ...]
    half: int = 0
    tune: Tune | None = None

    @property
    def length(self) -> Fraction:
        return self.bars * self.meter.length


def jazz_songs(count: int, half: int) -> list[Song]:
    """The first 32 full bars of solos of the bundled database in 4/4, evenly over a half of them.
    Ten solos in turn belong to each half, since the database has those of a player together."""
    four = Meter(4, 4)
    songs = []
    for result in read_solos(bundled_file()):
        tune = result.tune
        if tune is None or any(bar.meter != four for bar in tune.bars):
            continue
        first = 2 if tune.has_pickup else 1
        if len(tune.bars) < first + _JAZZ_BARS:
            continue
        tune = tune.excerpt(first, first + _JAZZ_BARS - 1)
        melody, chords = tune.melody_notes(), tune.chord_spans()
        if len(melody) < 2 * _JAZZ_BARS or sum(s.end - s.onset for s in chords) < tune.length:
            continue
        halves = (_JAZZ_BARS // 4) * (VERSE,) + (_JAZZ_BARS // 4) * (CHORUS,)
        title = result.info.id
        songs.append(Song(title, four, _JAZZ_BARS, melody, chords, 2 * halves, half, tune))
    own = [song for number, song in enumerate(songs) if number // _IN_TURN % 2 == half]
    return own[:: max(1, len(own) // count)][:count]


@cache
def _folk_tunes() -> tuple[tuple[str, Meter, int, bool, tuple[Note, ...]], ...]:
    """Folk songs: title, meter, tonic, whether it is minor, and eight bars of melody."""
    from music21 import corpus, key, stream

    tunes = []
    for book, tried in _BOOKS:
        for number in range(1, tried + 1):
            try:
                score = corpus.parse(book, number=number)
            except Exception:
                continue  # some numbers are missing in the books
            measures = list(score.recurse().getElementsByClass(stream.Measure))
            signature = next(iter(score.recurse().getElementsByClass("TimeSignature")), None)
            found = next(iter(score.recurse().getElementsByClass(key.Key)), None)
            full = measures[1:] if measures and measures[0].duration.quarterLength < 3 else measures
            if signature is None or found is None or len(full) < _SECTION_BARS:
                continue
            meter = Meter(signature.numerator, signature.denominator)
            notes = []
            for bar, measure in enumerate(full[:_SECTION_BARS]):
                for note in measure.recurse().notes:
                    onset = Fraction(note.getOffsetInHierarchy(measure)).limit_denominator(12)
                    length = Fraction(note.duration.quarterLength).limit_denominator(12)
                    if note.isNote and onset + length <= meter.length and length > 0:
                        start = bar * meter.length + onset
                        notes.append(Note(note.pitch.midi, start, length))
            if len(notes) >= 2 * _SECTION_BARS and str(meter) in {"4/4", "3/4", "6/8"}:
                tonic, minor = found.tonic.pitchClass, found.mode == "minor"
                tunes.append((score.metadata.title or book, meter, tonic, minor, tuple(notes)))
    return tuple(tunes)


def folk_songs(
    count: int, half: int, meters: Sequence[str] = ("4/4", "3/4", "6/8"), seed: int = 0
) -> list[Song]:
    """Pairs of folk songs in one meter and one key, as verse and chorus, over drawn chords; most
    are in the first of the meters. No folk song is in both halves."""
    rng = Random(f"{seed} {half}")
    by_kind: dict[tuple[str, bool], list[tuple[str, Meter, int, bool, tuple[Note, ...]]]] = {}
    for tune in _folk_tunes()[half::2]:
        by_kind.setdefault((str(tune[1]), tune[3]), []).append(tune)
    kinds = [kind for kind, tunes in sorted(by_kind.items()) if len(tunes) >= 2]
    songs: list[Song] = []
    while len(songs) < count:
        meter = meters[0] if rng.random() < 0.6 else rng.choice(meters)
        choices = [kind for kind in kinds if kind[0] == meter]
        verse, chorus = rng.sample(by_kind[rng.choice(choices)], 2)
        songs.append(_song(verse, chorus, half, rng))
    return songs


def _song(
    verse: tuple[str, Meter, int, bool, tuple[Note, ...]],
    chorus: tuple[str, Meter, int, bool, tuple[Note, ...]],
    half: int,
    rng: Random,
) -> Song:
    title, meter, _, minor, _ = verse
    key = rng.randrange(12)
    length = _SECTION_BARS * meter.length
    melodies, chords = {}, {}
    for name, (_, _, own, _, notes) in ((VERSE, verse), (CHORUS, chorus)):
        up = (key - own + 6) % 12 - 6
        melodies[name] = [Note(n.pitch + up, n.onset, n.duration) for n in notes]
        chords[name] = _drawn_chords(melodies[name], meter, key, minor, rng)
    melody = [
        Note(n.pitch, n.onset + number * length, n.duration, 84)
        for number, name in enumerate(_FORM)
        for n in melodies[name]
    ]
    spans = [
        ChordSpan(s.onset + number * length, s.end + number * length, s.chord)
        for number, name in enumerate(_FORM)
        for s in chords[name]
    ]
    sections = tuple(name for name in _FORM for _ in range(_SECTION_BARS))
    return Song(title, meter, len(sections), tuple(melody), tuple(spans), sections, half)


def _drawn_chords(
    melody: Sequence[Note], meter: Meter, key: int, minor: bool, rng: Random
) -> list[ChordSpan]:
    """One or two chords a bar that hold much of the melody, with suspensions that resolve, and
    basses that move by step."""
    degrees = _MINOR if minor else _MAJOR
    spans: list[ChordSpan] = []
    root_before = key
    for bar in range(_SECTION_BARS):
        start, end = bar * meter.length, (bar + 1) * meter.length
        middle = start + meter.length / 2
        halves = meter != Meter(3, 4) and rng.random() < 0.35
        edges = [start, middle, end] if halves else [start, end]
        for onset, until in pairwise(edges):
            degree = _drawn_degree(melody, onset, until, key, degrees, root_before, rng)
            if bar in {0, _SECTION_BARS - 1} and rng.random() < 0.7:
                degree = 0
            root_before = (key + degree) % 12
            suffix = rng.choice(degrees[degree])
            chord = _chord(root_before, suffix)
            if suffix.endswith("sus4") and until - onset >= 2:  # it resolves
                half = onset + (until - onset) / 2
                spans.append(ChordSpan(onset, half, chord))
                onset, chord = half, _chord(root_before, suffix.replace("sus4", ""))
            elif rng.random() < 0.2:  # a slash chord: third, fifth or seventh in the bass
                # not Am7/C or C6/A, for which one writes C6 and Am7
                basses = {"m7": {7, 10}, "6": {4}}.get(suffix, {3, 4, 7, 10})
                bass = rng.choice([i for i in chord.intervals if i in basses] or [0])
                chord = Chord.of(root_before, chord.intervals, root_before + bass)
            spans.append(ChordSpan(onset, until, chord))
    return spans


def _drawn_degree(
    melody: Sequence[Note],
    onset: Fraction,
    until: Fraction,
    key: int,
    degrees: dict[int, tuple[str, ...]],
    root_before: int,
    rng: Random,
) -> int:
    sung = [(n.pitch % 12, n.duration) for n in melody if onset <= n.onset < until]
    total = sum((length for _, length in sung), Fraction(0)) or Fraction(1)
    weights = []
    for degree, suffixes in degrees.items():
        tones = _chord(key + degree, suffixes[0]).pitch_classes
        held = sum((length for tone, length in sung if tone in tones), Fraction(0)) / total
        move = _MOVES.get((key + degree - root_before) % 12, 0.3)
        weights.append(move * 30 ** float(held))
    return rng.choices(list(degrees), weights)[0]


def _chord(root: int, suffix: str) -> Chord:
    return parse_chord_symbol("C" + suffix).transposed(root % 12)
