"""A training of some milliseconds: windows of random symbols and a small graph."""

import numpy as np

from djmodel.model.layers import shared_layers
from djmodel.model.scan import scanning_model
from seqmodel.data.windows import PADDING, Windows
from seqmodel.network.keras_layers import extract_weights
from seqmodel.training.batches import InMemoryBatches

N_VALUES, UNITS, TX = 11, 8, 5


def some_windows(m, seed=0):
    labels = np.random.default_rng(seed).integers(0, N_VALUES, (m, TX)).astype(np.int32)
    inputs = np.concatenate([np.full((m, 1), PADDING, np.int32), labels[:, :-1]], axis=1)
    return Windows(inputs, labels)


BATCHES = InMemoryBatches(lambda epoch: some_windows(10, epoch), batch_size=4, seed=0)


def new_graph():
    layers = shared_layers(N_VALUES, UNITS, seed=0)
    return scanning_model(layers.LSTM_cell, layers.densor)


def bits(graph):
    return b"".join(array.tobytes() for array in extract_weights(graph).arrays)
