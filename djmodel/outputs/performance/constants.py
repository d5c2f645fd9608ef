"""Constants of a performance, as measured on recorded solos.

`python -m benchmarks.performance` prints them. Source: the Weimar Jazz Database, release 2.1, made
available under the Open Database License (Pfleiderer, Frieler, Abesser, Zaddach, Burkhart (eds.),
Inside the Jazzomat, Schott Campus, 2017): 409 solos in 4/4 with loudness, 170,061 notes.
"""

# Swing ratio: the time from the beat to the off-beat eighth, by that from it to the next beat. The
# beats are those of the band, which a soloist plays behind. Straight line through the medians of
# classes of tempo from 170 beats per minute; the ratio of slower tempos is their median.
SWING_RATIO_AT_ZERO = 2.38
SWING_RATIO_PER_BPM = -0.00394
MAX_SWING_RATIO = 1.69
TIMING_SPREAD = 0.023  # standard deviation of off-beat onsets, seconds

# Loudness in decibels, by the features of `expression.loudness_features`.
LOUDNESS = {
    "downbeat": 0.13,
    "strong_beat": 0.30,
    "off_beat": -0.09,
    "subdivision": -0.25,
    "height": 2.16,
    "peak": 0.48,
    "valley": -1.68,
    "leap_up": -0.64,
    "leap_down": -0.74,
    "first": 0.52,
    "last": -2.63,
}
LOUDNESS_SPREAD = 3.6  # decibels

# Share of the time until the next note that sounds, by `expression.articulation_features`.
REFERENCE_BPM = 180.0
ARTICULATION = {
    "constant": 0.814,
    "length": -0.041,
    "tempo": 0.025,
    "off_beat": 0.001,
    "last": -0.378,
}
SHARE_SPREAD = 0.13
MIN_SHARE, MAX_SHARE = 0.4, 0.97
