"""Presets: the settings of trainings by name, and the choice among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from djmodel.config import TrainingConfig
from seqmodel.settings import SettingError, checked, with_settings
from seqmodel.text import any_of
from seqmodel.training.config import Dropout, TrainerConfig

_REGULARIZED = TrainingConfig(
    tx=64,
    bar_positions=True,
    tie_features=True,
    trainer=TrainerConfig(
        epochs=40, batch_size=16, lr_schedule="cosine", dropout=Dropout(0.2, 0.5, 0.5)
    ),
)
# course: the settings of the course; the others have the lowest perplexity on held-out rags, small
# for one or two tunes, which more epochs memorize, and ragtime for more; jazz that on solos
# over compositions that are held out.
PRESETS = {
    "course": TrainingConfig(),
    "small": with_settings(_REGULARIZED, tx=32, epochs=20),
    "ragtime": _REGULARIZED,
    "jazz": TrainingConfig(
        tx=192,
        n_a=160,
        n_values=128,
        grammar="jazz",
        conditioning=(
            "bar_end",
            "beat_onset",
            "form",
            "part",
            "chord",
            "degree",
            "chord_degree",
            "chord_in_key",
            "key_degree",
            "mode",
            "next_chord",
            "next_root",
            "next_degree",
            "until_next",
            "register",
            "pitch",
            "leap",
            "phrase_notes",
            "phrase_time",
            "since_onset",
            "last_gap",
            "last_phase",
            "tempo",
            "player",
            "instrument",
            "style",
            "feel",
        ),
        unknown=0.3,
        hidden=0.2,
        transpose=True,
        adaptation=0.002,
        compact=True,
        trainer=TrainerConfig(
            epochs=40,
            batch_size=32,
            learning_rate=0.004,
            lr_schedule="cosine",
            clip=1.0,
            dropout=Dropout(input=0.1, recurrent=0.25, step=0.45),
        ),
    ),
}
SMALL_VALUES = 2000  # up to which the preset `small` predicts unseen music better than `ragtime`


def preset_for(n_values: int) -> str:
    """The name of the preset that predicts unseen music best, by the values of the training music.

    >>> preset_for(800), preset_for(6000)
    ('small', 'ragtime')
    """
    return "small" if n_values <= SMALL_VALUES else "ragtime"


def choose_preset(
    configs: Mapping[str, TrainingConfig], n_values: int
) -> tuple[str, TrainingConfig]:
    """The only one of `configs`, or the best one for `n_values` values of music; with its name."""
    name = next(iter(configs)) if len(configs) == 1 else preset_for(n_values)
    return name, configs[name]


@checked
def training_preset(name: str, **settings: Any) -> TrainingConfig:
    """The configuration of a preset, "course", "small", "ragtime" or "jazz", with other `settings`:
    those that are options of `train`, such as `epochs`. Raises SettingError for an unknown preset
    and for a setting that is not allowed.

    >>> training_preset("ragtime", epochs=10).trainer.epochs
    10
    """
    if name not in PRESETS:
        raise SettingError(f"preset must be {any_of(list(PRESETS))}, not '{name}'", "preset")
    return with_settings(PRESETS[name], **settings)
