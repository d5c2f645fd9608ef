"""Bars made by hand, and any bars for properties."""

from fractions import Fraction as F

from hypothesis import strategies as st

from djmodel.music.chord import Chord
from djmodel.music.meter import Meter
from djmodel.music.tune import Bar, Change, Note

C_MAJOR = Chord.of(0, (0, 4, 7))
G7 = Chord.of(7, (0, 4, 7, 10))


FOUR_FOUR = Meter(4, 4)


def bar_of(notes, meter=FOUR_FOUR, chords=((0, C_MAJOR),)):
    """A bar of `notes`: (pitch, onset, duration) each."""
    melody = tuple(Note(pitch, F(onset), F(duration)) for pitch, onset, duration in notes)
    changes = tuple(Change(F(onset), chord) for onset, chord in chords)
    return Bar(meter, meter.length, melody, changes)


METERS = [Meter(2, 4), Meter(3, 4), Meter(4, 4), Meter(6, 8)]
CHORDS = [(0, 4, 7), (0, 3, 7), (0, 4, 7, 10), (0, 3, 6, 9), (0, 3, 6, 10), (0, 4, 8), (0, 5, 7)]


@st.composite
def bars(draw):
    """A bar of notes and rests on the grid, over one or two chords."""
    meter = draw(st.sampled_from(METERS))
    length, now, melody = meter.length, F(0), []
    while now < length:
        duration = min(
            draw(st.sampled_from([F(1, 4), F(1, 3), F(1, 2), F(1), F(3, 2)])), length - now
        )
        if draw(st.integers(0, 4)):
            melody.append(Note(draw(st.integers(58, 85)), now, duration))
        now += duration
    chords = draw(
        st.lists(st.tuples(st.integers(0, 11), st.sampled_from(CHORDS)), min_size=1, max_size=2)
    )
    changes = tuple(
        Change(length * i / len(chords), Chord.of(root, intervals))
        for i, (root, intervals) in enumerate(chords)
    )
    return Bar(meter, length, tuple(melody), changes)
