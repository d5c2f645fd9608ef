"""Sampling, with small networks made by hand and small automata."""

import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
from helpers.reference_network import random_weights

from seqmodel.errors import InputError
from seqmodel.network.forward import log_probabilities
from seqmodel.network.weights import Weights
from seqmodel.sampling import sampler
from seqmodel.sampling.config import SamplingConfig
from seqmodel.sampling.constraints import Automaton
from seqmodel.sampling.sampler import sample
from seqmodel.settings import SettingError


def fixed(probabilities):
    """A network that gives these probabilities whatever came before."""
    n = len(probabilities)
    zeros = random_weights(n_values=n, scale=0.0)
    with np.errstate(divide="ignore"):
        bias = np.log(np.array(probabilities)).astype(np.float32)
    return Weights("lstm", zeros.kernel, zeros.recurrent, zeros.bias, zeros.dense_kernel, bias)


def shares(probabilities, sampling, n=4000):
    drawn = sample(
        fixed(probabilities),
        Automaton.free(len(probabilities), len(probabilities)),
        sampling,
        np.random.default_rng(0),
        n_sequences=n // 100,
        max_length=100,
    )
    return np.bincount(drawn.symbols.ravel(), minlength=len(probabilities)) / n


def test_symbols_are_drawn_with_the_probabilities_of_the_model():
    assert shares([0.5, 0.3, 0.2], SamplingConfig()) == pytest.approx([0.5, 0.3, 0.2], abs=0.03)


def test_temperature_two_draws_by_the_square_root():
    weights = np.sqrt([0.64, 0.32, 0.04])
    expected = weights / weights.sum()
    assert shares([0.64, 0.32, 0.04], SamplingConfig(temperature=2)) == pytest.approx(
        expected, abs=0.03
    )


def test_top_k_keeps_the_k_most_likely_symbols():
    assert shares([0.2, 0.5, 0.3], SamplingConfig(top_k=2)) == pytest.approx(
        [0, 5 / 8, 3 / 8], abs=0.03
    )


def test_top_p_keeps_the_fewest_symbols_that_reach_p():
    # 0.5 and 0.3 together reach 0.6; 0.5 alone does not
    assert shares([0.2, 0.5, 0.3], SamplingConfig(top_p=0.6)) == pytest.approx(
        [0, 5 / 8, 3 / 8], abs=0.03
    )


def test_top_p_below_the_most_likely_symbol_keeps_only_that():
    assert shares([0.2, 0.5, 0.3], SamplingConfig(top_p=0.1)).tolist() == [0, 1, 0]


def test_greedy_takes_the_most_likely_symbol():
    assert shares([0.2, 0.5, 0.3], SamplingConfig(greedy=True)).tolist() == [0, 1, 0]


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_equal_seeds_give_equal_sequences_for_any_count(cell):
    def draw(seed, n_sequences):
        free = Automaton.free(7, 7)
        rng = np.random.default_rng(seed)
        return sample(
            random_weights(cell),
            free,
            SamplingConfig(),
            rng,
            n_sequences=n_sequences,
            max_length=40,
        ).symbols

    assert (draw(3, 4) == draw(3, 4)).all()
    assert (draw(3, 4)[0] == draw(3, 1)[0]).all()
    assert (draw(3, 1) != draw(4, 1)).any()


def test_only_allowed_symbols_are_drawn_up_to_the_end_of_the_automaton():
    # 0 or 1, three times; then 2, the end
    allowed = np.zeros((5, 7), dtype=bool)
    allowed[0:3, [0, 1]] = True
    allowed[3, 2] = True
    next_state = np.tile(np.array([[1], [2], [3], [4], [4]], dtype=np.int32), 7)
    drawn = sample(
        random_weights(),
        Automaton(allowed, next_state),
        SamplingConfig(temperature=5),
        np.random.default_rng(0),
        n_sequences=20,
        max_length=30,
    )
    assert drawn.symbols.shape == (20, 4)
    assert set(drawn.symbols[:, :3].ravel()) == {0, 1}
    assert (drawn.symbols[:, 3] == 2).all()
    assert drawn.ended.all()


def test_a_sequence_of_the_maximum_length_has_not_ended():
    allowed = np.array([[True, True], [False, False]])
    next_state = np.array([[0, 1], [1, 1]], dtype=np.int32)  # 1 ends
    drawn = sample(
        fixed([0.5, 0.5]),
        Automaton(allowed, next_state),
        SamplingConfig(),
        np.random.default_rng(0),
        n_sequences=200,
        max_length=2,
    )
    for row, ended in zip(drawn.symbols, drawn.ended, strict=True):
        assert ended == (1 in row)
        assert 1 not in row[:-1] or row[list(row).index(1) + 1] == -1


def test_log_probabilities_are_those_of_the_model_for_any_settings():
    drawn = sample(
        fixed([0.7, 0.2, 0.1]),
        Automaton.free(2, 3),  # the third is never drawn, and still has its tenth
        SamplingConfig(temperature=3),
        np.random.default_rng(0),
        max_length=50,
    )
    expected = np.log(np.array([0.7, 0.2, 0.1]))[drawn.symbols]
    assert drawn.log_probs == pytest.approx(expected, abs=1e-5)


def test_sequences_continue_the_primer_and_do_not_contain_it():
    # greedy, so that the continuation depends on nothing but the primer
    def greedy(primer, n):
        free = Automaton.free(7, 7)
        rng = np.random.default_rng(0)
        chosen = SamplingConfig(greedy=True)
        weights = random_weights(scale=2.0)
        return list(sample(weights, free, chosen, rng, max_length=n, primer=primer).symbols[0])

    whole = greedy((), 12)
    assert greedy(whole[:5], 7) == whole[5:]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": 0.0}, "temperature must be above 0"),
        ({"temperature": float("nan")}, "temperature must be above 0, not nan"),
        ({"top_k": 0}, "top k must be at least 1"),
        ({"top_p": 1.5}, "top p must be above 0 and at most 1"),
        ({"greedy": True, "top_k": 3}, "greedy sampling has no top k"),
    ],
)
def test_settings_out_of_bounds_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        SamplingConfig(**settings)


@pytest.mark.parametrize("n_sequences", [1, 3])
def test_each_symbol_is_conditioned_on_the_features_of_its_state(n_sequences):
    # a clock with three hours: a feature for each hour, and a second one for the first hour
    rng = np.random.default_rng(0)
    plain, more = random_weights(scale=0.7), rng.normal(size=(4, 20)).astype(np.float32)
    weights = replace(plain, kernel=np.concatenate([plain.kernel, more]))
    conditioning = np.array([[7, 10], [8, -1], [9, -1]], dtype=np.int32)
    hours = np.repeat(np.array([[1], [2], [0]], dtype=np.int32), 7, axis=1)
    clock = Automaton(np.ones((3, 7), dtype=bool), hours, conditioning=conditioning)
    primer, primer_conditioning = [3, 6], np.array([[8, 10], [9, -1]], dtype=np.int32)
    drawn = sample(
        weights, clock, SamplingConfig(), rng, n_sequences=n_sequences, max_length=9,
        primer=primer, primer_conditioning=primer_conditioning,
    )  # fmt: skip
    features = np.concatenate([primer_conditioning, conditioning[np.arange(9) % 3]])
    for row, log_probs in zip(drawn.rows(), drawn.log_probs, strict=True):
        expected = log_probabilities(weights, [*primer, *row], features)[2:]
        assert log_probs == pytest.approx(expected, abs=1e-5)
        assert log_probabilities(plain, [*primer, *row])[2:] != pytest.approx(expected, abs=0.1)


def two_states(n_symbols=7):
    """An automaton with two states that allow different symbols and take turns at some."""
    allowed = np.array([[True] * n_symbols, [True, False] * (n_symbols // 2) + [True]])
    next_state = np.tile(np.arange(n_symbols, dtype=np.int32) % 2, (2, 1))
    return Automaton(allowed, next_state)


@pytest.mark.parametrize(
    "sampling",
    [
        SamplingConfig(),
        SamplingConfig(0.5),
        SamplingConfig(top_k=3),
        SamplingConfig(1.5, top_p=0.8),
        SamplingConfig(greedy=True),
    ],
    ids=str,
)
@pytest.mark.parametrize("automaton", [two_states(), Automaton.free(6, 7)], ids=["states", "free"])
def test_a_sequence_does_not_depend_on_the_number_of_sequences(sampling, automaton, monkeypatch):
    def draw(n_sequences):
        rng = np.random.default_rng(5)
        weights = random_weights()
        return sample(
            weights, automaton, sampling, rng, n_sequences=n_sequences, max_length=50, primer=[2]
        )

    monkeypatch.setattr(sampler, "FIRST_GROUPS", (1, 3))
    monkeypatch.setattr(sampler, "GROUP", 4)
    many = draw(9)
    assert len({row.tobytes() for row in many.symbols}) == (1 if sampling.greedy else 9)
    monkeypatch.setattr(sampler, "BLOCK", 7 * 5 * 3)
    for n_sequences in (1, 3, 4, 5, 9):
        fewer = draw(n_sequences)
        assert (fewer.symbols == many.symbols[:n_sequences]).all()
        assert (fewer.log_probs == many.log_probs[:n_sequences]).all()


@pytest.mark.parametrize(("n_sequences", "skip"), [(2, 2), (2, -1), (1, 3)])
def test_at_least_one_sequence_is_not_skipped(n_sequences, skip):
    message = f"skip must be at least 0 and less than {n_sequences}, not {skip}"
    with pytest.raises(SettingError, match=message):
        sample(
            random_weights(n_values=3),
            Automaton.free(3, 3),
            SamplingConfig(),
            np.random.default_rng(0),
            n_sequences=n_sequences,
            skip=skip,
            max_length=3,
        )


def test_an_interrupt_also_ends_what_other_threads_draw():
    free, caller, begun, steps = Automaton.free(2, 2), threading.get_ident(), threading.Event(), []

    class Interrupted:
        """The caller is interrupted once another thread has begun, whose steps are counted."""

        def begin(self, batch):
            tracker = free.begin(batch)
            follow = tracker.advance

            def advance(drawn):
                follow(drawn)
                if threading.get_ident() == caller:
                    assert begun.wait(20)
                    raise KeyboardInterrupt
                steps.append(1)
                begun.set()

            tracker.advance = advance
            return tracker

    before = {*threading.enumerate()}
    with pytest.raises(KeyboardInterrupt):
        sample(
            fixed([0.5, 0.5]),
            Interrupted(),
            SamplingConfig(),
            np.random.default_rng(0),
            n_sequences=1024,
            max_length=3000,
        )
    for thread in {*threading.enumerate()} - before:
        thread.join(20)
    assert 0 < len(steps) < 3000


def test_a_low_temperature_still_draws_unlikely_symbols_if_only_they_are_allowed():
    # the most likely symbol is not allowed, the others are e**-200 as likely at this temperature
    drawn = sample(
        fixed([1 - 2e-9, 1e-9, 1e-9]),
        Automaton(np.array([[False, True, True]]), np.zeros((1, 3), dtype=np.int32)),
        SamplingConfig(0.1),
        np.random.default_rng(0),
        max_length=100,
    )
    assert set(drawn.symbols[0]) == {1, 2}


def test_sampling_imports_neither_tensorflow_nor_keras():
    program = """
import sys
import numpy as np
from seqmodel.network.weights import Weights
from seqmodel.sampling.constraints import Automaton
from seqmodel.sampling.config import SamplingConfig
from seqmodel.sampling.sampler import sample
zeros = [np.zeros(s, np.float32) for s in ((5, 12), (3, 12), (12,), (3, 5), (5,))]
weights = Weights("lstm", *zeros)
for n_sequences, length, temperature in ((1, 10, 1.0), (300, 20, 0.5), (7, 40, 2.0)):
    free, rng = Automaton.free(5, 5), np.random.default_rng(0)
    config = SamplingConfig(temperature)
    drawn = sample(weights, free, config, rng, n_sequences=n_sequences, max_length=length)
    assert drawn.symbols.shape == (n_sequences, length)
assert not {"tensorflow", "keras", "jax"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
