"""Short-term memory: what was just played is more likely to be played again."""

import numpy as np
import pytest

from benchmarks.jazz.short_term import Context, Part, ShortTermMemory

V = 5
UNIFORM = np.full(V, np.log(1 / V), np.float32)
CONTEXTS = (Context(), Context(lags=(1,)))


def memory(*weights, contexts=CONTEXTS, scale=1.0):
    return ShortTermMemory((Part(contexts, scale, weights),), V)


def log_probs(n):
    return np.tile(UNIFORM, (n, 1))


def test_without_weights_the_network_alone_predicts():
    found = memory(0.0, 0.0).combine(log_probs(4), [1, 2, 1, 2], None)
    np.testing.assert_allclose(found, log_probs(4), atol=1e-6)


def test_a_motif_is_expected_again():
    # 0 1 2 3, then 0 1: 2 is expected, since 1 was followed by 2.
    sequence = [0, 1, 2, 3, 0, 1, 2]
    found = np.exp(memory(0.0, 1.0).combine(log_probs(7), sequence, None))
    assert found[6].argmax() == 2
    assert found[6, 2] > 2 * found[0, 2]
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_a_context_can_be_a_conditioning_feature():
    # Over chord 7 comes symbol 4, over chord 8 symbol 0.
    chords = np.array([[7], [8], [7], [8], [7]])
    contexts = (Context(), Context(features=(0,)))
    remembered = memory(0.0, 1.0, contexts=contexts)
    found = remembered.combine(log_probs(5), [4, 0, 4, 0, 4], chords)
    assert found[3].argmax() == 0
    assert found[4].argmax() == 4


def test_each_part_remembers_its_own_symbols():
    # Durations (0 and 1) and tones (2 to 4) alternate; lag 2 is the last symbol of the same part.
    part = Part((Context(), Context(lags=(2,))), 1.0, (0.0, 1.0))
    state = ShortTermMemory((part, part), V).begin()
    for symbol in [0, 3, 0, 3]:
        state.add(symbol, ())
    assert state.combine(UNIFORM, ()).argmax() == 0
    state.add(0, ())
    assert state.combine(UNIFORM, ()).argmax() == 3


def test_weights_are_fitted_to_music_that_repeats_itself():
    sequences = [[0, 1, 2] * 8, [3, 2, 4] * 8]
    examples = [(log_probs(24), sequence, None) for sequence in sequences]
    fitted = memory(0.0, 0.0).fitted(examples)
    before = sum(log_probs(24)[np.arange(24), s].sum() for s in sequences)
    after = sum(fitted.combine(lp, s, None)[np.arange(24), s].sum() for lp, s, _ in examples)
    assert after > before + 48 * np.log(2)  # less than half of the perplexity


def test_noise_is_not_expected_again():
    rng = np.random.default_rng(0)
    noise = [(log_probs(400), rng.integers(0, V, 400).tolist(), None) for _ in range(4)]
    [part] = memory(0.0, 0.0).fitted(noise).parts
    assert part.weights[1] == pytest.approx(0, abs=0.1)
