"""Passages planted in a solo, and passages that human tunes have in common."""

import json
import re
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest
from helpers.handmade_tunes import QUAVER, bar

from djmodel.config import TrainingConfig
from djmodel.evaluation.copying import (
    INTERVALS,
    MELODY,
    REPRESENTATIONS,
    VALUES,
    CopyDetector,
    human_baseline,
)
from djmodel.evaluation.statistics import mean_array
from djmodel.inputs.reader import read_tune
from djmodel.model.training import fit
from djmodel.music.tune import Tune
from djmodel.outputs.midi import write_midi
from djmodel.values.grammar import encode
from seqmodel.training.config import TrainerConfig


@pytest.fixture(scope="module")
def tunes(rags):
    return [read_tune(path) for path in rags[:4]]


@pytest.fixture(scope="module")
def detector(tunes):
    return CopyDetector(tunes)


def wandering(source, seed=0):
    """The bars of `source` with a melody of quavers that leaps at random."""
    rng = np.random.default_rng(seed)
    return replace(
        source,
        bars=tuple(
            replace(
                each,
                melody=bar(
                    "C", [(int(p), QUAVER) for p in rng.integers(50, 90, int(each.length * 2))]
                ).melody,
            )
            for each in source.bars
        ),
    )


def planted(target, at, source, first, last, change=lambda bar: bar, *, keep_changes=False):
    """`target` with bars `first` to `last` of `source` from bar `at` on, all counted from 1."""
    bars = list(target.bars)
    for offset in range(last - first + 1):
        passage = change(source.bars[first - 1 + offset])
        there = bars[at - 1 + offset]
        bars[at - 1 + offset] = replace(there, melody=passage.melody) if keep_changes else passage
    return replace(target, bars=tuple(bars))


def notes_in(tune, first, last):
    return len(replace(tune, bars=tune.bars[first - 1 : last]).melody_notes())


def halved(this):
    """Every note half as long, half as late: the first half of the bar is filled."""
    notes = (replace(n, onset=n.onset / 2, duration=n.duration / 2) for n in this.melody)
    return replace(this, melody=tuple(notes))


@pytest.mark.parametrize("representation", REPRESENTATIONS)
def test_the_longest_copy_of_several_solos_is_the_longest_of_each(tunes, detector, representation):
    solos = [
        wandering(tunes[0]),
        *(planted(wandering(tunes[0], n), 9, tunes[n], 3, 5) for n in (1, 2)),
    ]
    found = [detector.copied(solo, representation).longest for solo in solos]
    longest = max(found, key=lambda passage: passage.length)
    assert longest.length > 8
    assert CopyDetector(tunes).longest(solos, representation) == longest


def test_an_exact_copy_is_found_at_its_bars(tunes, detector):
    solo = planted(wandering(tunes[0]), 20, tunes[2], 9, 12)
    n_values = sum(map(len, encode(tunes[2])[8:12]))
    found = detector.copied(solo, VALUES).longest
    assert n_values <= found.length <= n_values + 2  # a neighbour may chance to fit
    assert (found.title, found.bar) == (tunes[2].title, 20)
    assert found.title_bar == first_bar_like(tunes[2], 9)
    melody = detector.copied(solo, MELODY).longest
    assert melody.length >= notes_in(tunes[2], 9, 12)
    assert (melody.title, melody.bar) == (tunes[2].title, 20)


def first_bar_like(tune, number):
    """The first bar at which bars `number` to `number + 3` occur."""
    values = encode(tune)
    passage = values[number - 1 : number + 3]
    return next(i + 1 for i in range(len(values)) if values[i : i + 4] == passage)


@pytest.mark.parametrize("semitones", [-7, 1, 6])
def test_a_transposed_passage_over_other_chords_is_found_by_its_melody(tunes, detector, semitones):
    guest = tunes[1].transposed(semitones)
    solo = planted(wandering(tunes[2]), 30, guest, 5, 8, keep_changes=True)
    found = detector.copied(solo, MELODY).longest
    assert found.length >= notes_in(guest, 5, 8)
    assert (found.title, found.bar) == (tunes[1].title, 30)
    # over other chords, the values are others
    assert detector.copied(solo, VALUES).longest.length < found.length


def test_a_passage_with_another_rhythm_is_found_by_its_intervals(tunes, detector):
    solo = planted(wandering(tunes[0]), 30, tunes[3].transposed(2), 5, 8, halved)
    found = detector.copied(solo, INTERVALS).longest
    assert found.length >= notes_in(tunes[3], 5, 8)
    assert (found.title, found.bar) == (tunes[3].title, 30)
    assert detector.copied(solo, MELODY).longest.length < found.length / 2


def test_a_random_melody_has_little_in_common_with_the_training_tunes(tunes, detector):
    for representation in (MELODY, INTERVALS):
        assert detector.copied(wandering(tunes[0]), representation).longest.length <= 6
    curve = detector.copied(wandering(tunes[0]), MELODY).overlap
    assert curve.shape == (12,)
    assert (np.diff(curve) <= 0).all()
    assert curve[3] < 0.05


def test_a_training_tune_is_reported_as_copied_from_end_to_end(tunes, detector):
    for representation in REPRESENTATIONS:
        copied = detector.copied(tunes[1], representation)
        everything = (
            sum(map(len, encode(tunes[1])))
            if representation == VALUES
            else notes_in(tunes[1], 1, 999)
        )
        assert copied.longest.length == everything
        assert copied.overlap.tolist() == [1] * 12


def test_the_human_baseline_compares_each_tune_with_the_others(tunes, detector):
    baseline = human_baseline(detector, VALUES)
    assert len(baseline) == 4
    for tune, copied in zip(tunes, baseline, strict=True):
        assert 1 <= copied.longest.length < 12
        assert copied.longest.title != tune.title
    mean = mean_array(each.overlap for each in baseline)
    assert mean[0] > 0.5 > mean[2] > mean[7]
    assert human_baseline(CopyDetector(tunes[:1]), VALUES) == []


def test_lines_too_short_to_compare_have_no_figures():
    one = Tune("one note", (bar("C", [(60, 1)]),))
    nothing = CopyDetector([one]).copied(one, MELODY)
    assert nothing.longest.length == 0
    assert np.isnan(nothing.overlap).all()
    # C, then a rest: two values
    values = CopyDetector([one]).copied(one, VALUES)
    assert values.longest[:2] == (2, 1)
    assert mean_array([nothing.overlap, values.overlap])[:3] == pytest.approx(
        [1, 1, np.nan], nan_ok=True
    )


def test_a_copied_melody_is_found_whatever_its_note_lengths():
    legato = Tune("legato", (bar("C", [(60, 1), (64, 1), (67, 1), (72, 1)]),))
    detached = (replace(n, duration=F(1, 4)) for n in legato.bars[0].melody)
    staccato = replace(legato, bars=(replace(legato.bars[0], melody=tuple(detached)),))
    assert CopyDetector([legato]).copied(staccato, MELODY).longest.length == 4


def test_the_command_finds_a_passage_planted_in_a_midi_file(command, tunes, rags, tmp_path):
    model = tmp_path / "model.keras"
    fit(tunes[1:3], TrainingConfig(tx=16, n_a=8, trainer=TrainerConfig(epochs=1))).save(model)
    solo = planted(wandering(tunes[2]), 30, tunes[1].transposed(3), 5, 8, keep_changes=True)
    write_midi(replace(solo, title="planted"), tmp_path / "planted.mid")
    asked = "djmodel.evaluate", model, "--copies", tmp_path / "planted.mid"
    done = command(*asked, "--json")
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert found["melody"]["length"] >= notes_in(tunes[1], 5, 8)
    assert (found["melody"]["title"], found["melody"]["bar"]) == (tunes[1].title, 30)
    assert found["values"]["length"] < found["melody"]["length"]
    assert len(found["intervals"]["overlap"]) == 12
    table = command(*asked).out
    assert "planted" in table
    assert re.search(rf"melody +{found['melody']['length']} +30 +{tunes[1].title}", table)
    assert "training tunes, each compared with the others" in table
    # a tune of the training has everything in common with it
    known = json.loads(command("djmodel.evaluate", model, "--copies", rags[1], "--json").out)
    assert known["melody"]["length"] == notes_in(tunes[1], 1, 999)
    assert known["values"]["overlap"] == [1] * 12
