"""The names of the course's jazz notebook: `from djmodel.course import *` replaces its import cell.

Written for the current edition (version 4); `djmodel.course_v3` is for the older ones. `keras2`
lists what changed between the Keras of the course and Keras 3, `music` has the course's helper
functions, and `unit_tests` its checks of the student's graphs."""

import sys

import matplotlib.pyplot as plt
import music21
import numpy as np
from music21 import *  # noqa: F403 - the notebook's import cell does so, too

from djmodel.course import keras2
from djmodel.course.helpers import (
    a_initializer,
    c_initializer,
    generate_music,
    load_music_utils,
    mid2wav,
    one_hot,
    predict_and_sample,
    x_initializer,
)
from djmodel.course.keras2 import LSTM, Adam, Lambda, Model, keras, to_categorical
from djmodel.course.unit_tests import (
    comparator,
    djmodel_out,
    music_inference_model_out,
    summary,
)
from djmodel.model.layers import djmodel, music_inference_model

Activation, Dense, Dropout = keras.layers.Activation, keras.layers.Dense, keras.layers.Dropout
Input, RepeatVector, Reshape = keras.Input, keras.layers.RepeatVector, keras.layers.Reshape
IPython, tf = keras2.ipython(), keras2.tensorflow()

__all__ = [
    *music21.__all__,
    "Activation",
    "Adam",
    "Dense",
    "Dropout",
    "IPython",
    "Input",
    "LSTM",
    "Lambda",
    "Model",
    "RepeatVector",
    "Reshape",
    "a_initializer",
    "c_initializer",
    "comparator",
    "djmodel",
    "djmodel_out",
    "generate_music",
    "load_music_utils",
    "mid2wav",
    "music_inference_model",
    "music_inference_model_out",
    "np",
    "one_hot",
    "plt",
    "predict_and_sample",
    "summary",
    "sys",
    "tf",
    "to_categorical",
    "x_initializer",
]
