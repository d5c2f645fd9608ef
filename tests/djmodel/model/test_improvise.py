"""Training on a tune, and improvising over changes."""

from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from djmodel.config import TrainingConfig
from djmodel.inputs.reader import read_tune
from djmodel.model.improvise import improvise
from djmodel.model.model_file import load
from djmodel.model.training import fit
from djmodel.music import changes
from djmodel.music.meter import Meter
from djmodel.presets import PRESETS
from djmodel.values import grammar
from djmodel.values.encoded_corpus import encode_corpus
from djmodel.values.value import Value
from seqmodel.errors import CorpusError, SamplingError
from seqmodel.network.forward import log_probabilities
from seqmodel.sampling.config import SamplingConfig
from seqmodel.settings import SettingError, with_settings
from seqmodel.suffix_automaton import SuffixAutomaton
from seqmodel.training.config import TrainerConfig

QUICK = TrainingConfig(tx=16, n_a=24, trainer=TrainerConfig(epochs=3))


@pytest.fixture(scope="module")
def tune(rags):
    return read_tune(rags[3]).excerpt(1, 24)  # Peacherine Rag


@pytest.fixture(scope="module")
def trained(tune):
    return fit([tune], QUICK)


def durations(bars):
    return [sum((value.duration for value in bar), F(0)) for bar in bars]


def test_a_solo_fills_every_bar_and_keeps_the_accompaniment(trained, tune):
    [solo] = improvise(trained.model, tune, seed=1)
    assert durations(solo.values) == [bar.length for bar in tune.bars]
    assert solo.tune.accompaniment == tune.accompaniment
    assert solo.tune.generated
    assert solo.tune.tempos == tune.tempos
    for bar, source in zip(solo.tune.bars, tune.bars, strict=True):
        assert bar.changes == source.changes
        assert all(note.end <= bar.length for note in bar.melody)
    assert solo.tune.melody_notes() != tune.melody_notes()


def test_a_solo_does_not_depend_on_the_melody_of_the_changes(trained, tune):
    without = trained.model.changes[0]
    assert not any(bar.melody for bar in without.bars)
    assert improvise(trained.model, without, seed=1) == improvise(trained.model, tune, seed=1)


def test_different_seeds_give_different_solos_and_any_count_the_same_first_solo(trained, tune):
    eight = improvise(trained.model, tune, seed=5, count=8)
    assert len({solo.tune.melody_notes() for solo in eight}) == 8
    [alone] = improvise(trained.model, tune, seed=5)
    assert (alone.tune, alone.values) == (eight[0].tune, eight[0].values)
    [other] = improvise(trained.model, tune, seed=6)
    assert other.values != alone.values


@pytest.mark.parametrize("skip", [-1, 2, 3])
def test_at_least_one_solo_is_not_skipped(trained, tune, skip):
    with pytest.raises(SettingError, match=f"skip must be at least 0 and less than 2, not {skip}"):
        improvise(trained.model, tune, count=2, skip=skip)


@pytest.fixture(scope="module")
def conditioned(tune):
    """A model that is conditioned on the position in the bar."""
    return fit([tune], with_settings(PRESETS["ragtime"], tx=16, n_a=24, epochs=30))


def test_a_model_conditioned_on_bar_positions_improvises(conditioned, tune, tmp_path):
    conditioned.save(tmp_path / "conditioned.keras")
    model = load(tmp_path / "conditioned.keras")
    assert model.weights.n_inputs > model.weights.n_values == 90
    waltz = changes.parse_changes("C | F | G7 | C", Meter(3, 4)).repeated(4)
    primer = [value for bar in grammar.encode(tune.excerpt(1, 2)) for value in bar]
    for over, settings in (
        (tune, {"primer": primer}),
        (tune, {"primer": primer, "with_primer": True}),
        (tune, {"rhythm": tune}),
        (waltz, {}),
    ):
        solos = improvise(conditioned.model, over, seed=2, count=3, **settings)
        assert [s.values for s in improvise(model, over, seed=2, count=3, **settings)] == [
            s.values for s in solos
        ]
        for solo in solos:
            assert durations(solo.values) == [bar.length for bar in over.bars]


def test_a_solos_probability_is_that_of_its_values_at_their_positions(conditioned, tune):
    [solo] = improvise(conditioned.model, tune, seed=4)
    values = [value for bar in solo.values for value in bar]
    conditioning = conditioned.model.inputs(solo.values, tune)
    expected = log_probabilities(
        conditioned.model.weights, conditioned.model.encode(values), conditioning
    )
    assert solo.log_probability == pytest.approx(expected.mean(), abs=1e-4)
    elsewhere = log_probabilities(
        conditioned.model.weights, conditioned.model.encode(values), conditioning[::-1]
    )
    assert elsewhere.mean() < expected.mean() - 0.1


def test_a_saved_model_improvises_the_same(trained, tune, tmp_path):
    trained.save(tmp_path / "model.keras")
    loaded = load(tmp_path / "model.keras")
    assert loaded.vocabulary == trained.model.vocabulary
    assert improvise(loaded, tune, seed=2) == improvise(trained.model, tune, seed=2)
    assert loaded.tunes == trained.model.tunes


def test_equal_configurations_give_equal_models(trained, tune):
    again = fit([tune], QUICK)
    assert np.abs(again.model.weights.kernel - trained.model.weights.kernel).max() < 1e-5
    assert again.history[-1].loss == pytest.approx(trained.history[-1].loss, abs=1e-4)


@pytest.mark.usefixtures("uncompiled_keras")
def test_scan_and_unrolled_graph_train_to_the_same_model(tune):
    config = TrainingConfig(m=20, tx=4, n_a=6, n_values=20, trainer=TrainerConfig(epochs=3))
    scan = fit([tune], config)
    unrolled = fit([tune], replace(config, graph="unrolled"))
    difference = unrolled.model.weights.kernel - scan.model.weights.kernel
    assert np.abs(difference).max() < 1e-4
    assert unrolled.history[-1].loss == pytest.approx(scan.history[-1].loss, abs=1e-4)
    assert scan.history[-1].loss < scan.history[0].loss


def test_a_hundred_epochs_on_a_few_bars_memorize_them(tune):
    made = fit([tune.excerpt(1, 8)], TrainingConfig(tx=16, n_a=64))
    assert made.history[0].loss == pytest.approx(np.log(90), rel=0.2)
    # all but the first value of a window, which may begin anywhere, can be predicted
    assert made.history[-1].loss < 0.35
    assert made.history[-1].accuracy > 0.85


def test_a_primer_changes_what_follows_and_can_begin_the_solo(trained, tune):
    primer = grammar.encode(tune)[0]
    [without] = improvise(trained.model, tune, seed=1, sampling=SamplingConfig(greedy=True))
    [primed] = improvise(
        trained.model, tune, seed=1, sampling=SamplingConfig(greedy=True), primer=primer
    )
    [played] = improvise(trained.model, tune, seed=1, primer=primer, with_primer=True)
    assert primed.values != without.values
    assert played.values[0] == primer
    assert durations(played.values) == [bar.length for bar in tune.bars]


def test_a_primer_that_fills_all_changes_is_refused(trained, tune):
    primer = [value for bar in grammar.encode(tune) for value in bar]
    with pytest.raises(SamplingError, match=r"the primer of [\d,]+ values fills all changes"):
        improvise(trained.model, tune, primer=primer, with_primer=True)


def test_a_primer_value_outside_the_vocabulary_is_replaced_by_its_nearest(trained, tune):
    strange = Value("S", F(11, 12), 40)
    assert improvise(trained.model, tune, primer=[strange])


def test_a_kept_rhythm_has_new_pitches(trained, tune):
    [solo] = improvise(trained.model, tune, seed=3, rhythm=tune)
    old, new = tune.melody_notes(), solo.tune.melody_notes()
    assert [(n.onset, n.duration) for n in new] == [(n.onset, n.duration) for n in old]
    assert [n.pitch for n in new] != [n.pitch for n in old]


def test_a_rhythm_with_a_different_number_of_bars_is_refused(trained, tune):
    with pytest.raises(SamplingError, match="the rhythm has 8 bars and the changes have 24"):
        improvise(trained.model, tune, rhythm=tune.excerpt(1, 8))


def test_a_tidy_solo_repeats_no_note(trained, tune):
    [solo] = improvise(trained.model, tune, seed=1, tidy=True)
    for bar in solo.tune.bars:
        for first, second in zip(bar.melody, bar.melody[1:], strict=False):
            assert first.pitch != second.pitch or first.end < second.onset
    assert {v.kind for bar in solo.values for v in bar} <= {"C", "S", "R"}


def test_an_encoded_corpus_reports_the_share_of_replaced_values(tune):
    small = encode_corpus([tune], n_values=20)
    texts = [str(value) for bar in grammar.encode(tune) for value in bar]
    assert small.distinct == len(set(texts))
    kept = set(small.vocabulary.symbols)
    assert len(kept) == 20
    assert small.share_folded == sum(text not in kept for text in texts) / len(texts)


def test_too_little_music_is_refused(tune):
    with pytest.raises(CorpusError, match="no sequence has Tx=400 values"):
        fit([tune], TrainingConfig(tx=400))
    with pytest.raises(CorpusError, match="there is no tune"):
        fit([], QUICK)


def test_no_copy_is_longer_than_allowed(tune):
    memorized = fit(
        [tune.excerpt(1, 8)], TrainingConfig(tx=16, n_a=32, trainer=TrainerConfig(epochs=60))
    )
    known = SuffixAutomaton(memorized.model.sequences)

    def longest(max_copy):
        solos = improvise(memorized.model, tune, count=5, max_copy=max_copy)
        assert all(durations(solo.values) == [bar.length for bar in tune.bars] for solo in solos)
        rows = [memorized.model.encode(v for bar in s.values for v in bar) for s in solos]
        return max(known.longest_copy(row).length for row in rows)

    assert longest(None) > 8
    for limit in (1, 2, 5):
        assert longest(limit) <= limit


def test_tidying_and_a_copy_limit_exclude_each_other(trained, tune):
    with pytest.raises(SamplingError, match="tidying changes values"):
        improvise(trained.model, tune, tidy=True, max_copy=4)
