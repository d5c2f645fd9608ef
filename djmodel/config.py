"""Settings of trainings and of solos: each option with its default, bounds and help text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from djmodel.inputs.wjazzd.solo_filter import SoloFilter
from djmodel.music.charts.config import ChartConfig
from djmodel.music.tune import MAX_BARS as MAX_BARS
from djmodel.music.tune import parse_bars
from djmodel.outputs.performance.config import PerformanceConfig
from djmodel.values.features import FEATURE_NAMES
from djmodel.values.grammars import GRAMMAR_NAMES, GrammarName
from djmodel.values.value import N_VALUES as N_VALUES
from seqmodel.sampling.config import SamplingConfig
from seqmodel.settings import (
    Setting,
    SettingError,
    check_settings,
    settings_of,
)
from seqmodel.training.config import TrainerConfig

N_A = 64
MAX_QUARTERS = 6_000  # of a solo: at 15 notes a quarter, less than half of what a file may have
MAX_TOTAL_QUARTERS = 400_000  # of all solos generated at once: 1.5 GB of memory
MAX_PRIMER = 4_000  # values of a primer
MAX_SOLOS = 10_000  # solos generated at once

_MUSIC, _MODEL, _CHANGES, _SOLO = "Music", "Model", "Changes", "Solo"


def _part(of: str, panel: str) -> Setting:
    help_text = f"Name or number of the part with the {of}."
    return Setting(help_text, panel, metavar="PART", default="detected")


ModelArgument = Annotated[
    Path | None,
    Setting(
        "Trained model: its file or the folder of the training; or a bundled one: jazz or ragtime.",
        metavar="MODEL",
        default="jazz",
        positional=True,
    ),
]
Tempo = Annotated[
    float | None,
    Setting(
        "Tempo of the solo, in quarter notes per minute.",
        _SOLO,
        minimum=4,
        maximum=1000,
        metavar="BPM",
        default="the source's",
    ),
]


@dataclass(frozen=True)
class ReadingConfig:
    """Parts to read from a music file, a range of bars such as "1:16", and which solos to read from
    a database of solos."""

    melody_part: Annotated[str | None, _part("melody", _MUSIC)] = None
    chord_part: Annotated[tuple[str, ...], _part("chords (repeatable)", _MUSIC)] = ()
    bars: Annotated[
        str | None,
        Setting(
            "Bars to read: the first N, or FROM:TO, such as 9:16.",
            _MUSIC,
            metavar="N|FROM:TO",
            default="all",
        ),
    ] = None
    solos: SoloFilter = SoloFilter()


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of a training; the defaults are the course's.

    An epoch has `m` windows of `tx` values. With `m=None`, one tune gives 60 windows, the same in
    each epoch, as in the course; several tunes give as many as fit, drawn again for each epoch.

    `grammar` is how melodies are written as values (see `djmodel.values.grammars`), of whose
    symbols the vocabulary has `n_values`. In that of the course, `bar_positions` conditions the
    model on the position in the bar at which the next value begins; in that of jazz, `conditioning`
    names the features that it is conditioned on (see `djmodel.values.features`), and with `views`
    tones that lead to the same degree share parts of their logits (see `djmodel.values.views`). In
    each window of an epoch, the share `unknown` of the features of the performance is hidden, such
    as the player's name, so that the model also plays without. At each value the share `hidden` of
    all features is hidden, which is a dropout of them.
    `transpose` moves what each window says of absolute pitches by some semitones.
    `adaptation` is the rate at which the output layer follows a solo or a primer that is read (see
    `seqmodel.network.adaptation`).
    `compact` makes a small model file: weights of 16 bits, no copy for Keras, and of many tunes the
    first ones.
    `tie_features` adds to the embedding of each value those of its kind, duration and interval,
    which it shares with other values (a factored embedding).

    Raises SettingError for a setting outside its bounds.
    """

    m: Annotated[
        int | None,
        Setting(
            "Windows per epoch: the training examples, excerpts of the music (the course's m).",
            "Training",
            minimum=1,
            maximum=10_000_000,
            default="60; more for several tunes",
        ),
    ] = None
    tx: Annotated[
        int,
        Setting(
            "Values (notes and rests) per window: the time steps (the course's Tx).",
            "Training",
            minimum=2,
            maximum=1_000_000,
        ),
    ] = 30
    n_a: Annotated[
        int,
        Setting(
            "LSTM units: the size of the hidden state (the course's n_a).",
            _MODEL,
            minimum=1,
            maximum=8192,
        ),
    ] = N_A
    n_values: Annotated[
        int,
        Setting(
            "Size of the vocabulary: rarer values are replaced by their nearest (the course's "
            "n_values).",
            _MODEL,
            minimum=2,
            maximum=100_000,
        ),
    ] = N_VALUES
    grammar: Annotated[
        GrammarName,
        Setting(
            "Grammar of values: the course's, or that of jazz, with exact intervals across bar "
            "lines.",
            _MODEL,
            choices=GRAMMAR_NAMES,
        ),
    ] = "course"
    graph: Annotated[
        Literal["unrolled", "scan"],
        Setting(
            "Training graph: unrolled, as in the course, or a scan; both give the same model.",
            _MODEL,
            choices=("unrolled", "scan"),
        ),
    ] = "scan"
    trainer: TrainerConfig = TrainerConfig()
    bar_positions: bool = False
    conditioning: tuple[str, ...] = ()
    views: bool = True
    unknown: float = 0.0
    hidden: float = 0.0
    transpose: bool = False
    adaptation: float = 0.0
    compact: bool = False
    tie_features: bool = False

    def __post_init__(self) -> None:
        check_settings(self)
        if strange := sorted({*self.conditioning} - {*FEATURE_NAMES}):
            message = f"the conditioning feature {strange[0]!r:.40} is unknown"
            hint = f"choose from {', '.join(FEATURE_NAMES)}"
            raise SettingError(message, "conditioning", hint=hint)
        for name, share in (("adaptation", self.adaptation), ("hidden", self.hidden)):
            if not 0 <= share < 1:
                raise SettingError(f"{name} must be at least 0 and below 1, not {share}", name)
        if len({*self.conditioning}) < len(self.conditioning):
            raise SettingError("a conditioning feature is given twice", "conditioning")
        if (self.conditioning and self.grammar == "course") or (
            self.bar_positions and self.grammar == "jazz"
        ):
            message = "the grammar of the course is conditioned on bar positions, that of jazz on"
            raise SettingError(f"{message} features", "conditioning", "grammar")


@dataclass(frozen=True)
class GenerationConfig:
    """Settings of a solo.

    The changes come from `over` (a music file, or the title of a training tune), from `corpus` (a
    piece in music21's corpus), or from `changes` (text, the name of a form or a link of iReal Pro;
    of a file, its text: `Path("chart.txt").read_text()`). If none of them is given, they are those
    of the first training tune.

    Raises SettingError for a setting outside its bounds and for settings that exclude each other.
    """

    over: Annotated[
        str | None,
        Setting(
            "Play over the changes of a music file, or of a tune that the model was trained on.",
            _CHANGES,
            metavar="FILE|TITLE",
            default="the first training tune",
        ),
    ] = None
    corpus: Annotated[
        str | None,
        Setting(
            "Play over a piece from music21's corpus, such as bach/bwv66.6.",
            _CHANGES,
            metavar="NAME",
            option="music21",
        ),
    ] = None
    changes: Annotated[
        str | None,
        Setting(
            "Written changes, such as 'Dm7 | G7 | Cmaj7 | %', a text file with them, or - for "
            "those on standard input; a form such as blues-in-F, rhythm-changes or ii-V-I; a link "
            "or an exported page of iReal Pro, a lead sheet of Impro-Visor, or text for "
            "Band-in-a-Box.",
            _CHANGES,
            metavar="CHORDS|LINK|FILE|-",
        ),
    ] = None
    chart: ChartConfig = ChartConfig()
    title: Annotated[
        str | None,
        Setting("Title of what is written.", _CHANGES, metavar="TITLE", default="the source's"),
    ] = None
    meter: Annotated[str, Setting("Meter of written changes.", _CHANGES, metavar="METER")] = "4/4"
    choruses: Annotated[
        int,
        Setting(
            "Number of times through the changes.",
            _CHANGES,
            minimum=1,
            maximum=MAX_BARS,
            metavar="N",
        ),
    ] = 1
    style: Annotated[
        str | None,
        Setting(
            "Accompaniment: block, stride, swing, ballad, waltz, bossa, latin, funk or arpeggio.",
            _CHANGES,
            metavar="STYLE",
            default="the source's; swing for written changes",
        ),
    ] = None
    bars: Annotated[
        int | str | None,
        Setting(
            "Bars to play: the first N of the changes, or FROM:TO, such as 9:16; the changes are "
            "repeated for more.",
            _SOLO,
            minimum=1,
            maximum=MAX_BARS,
            metavar="N|FROM:TO",
            default="once through the changes",
        ),
    ] = None
    sampling: SamplingConfig = SamplingConfig()
    max_copy: Annotated[
        int | None,
        Setting(
            "Copy at most N values in a row from the training music.",
            "Sampling",
            minimum=1,
            metavar="N",
            default="no limit",
        ),
    ] = None
    tidy: Annotated[
        bool,
        Setting(
            "Clean up the solo as the course does: approach tones become chord tones; repeated and "
            "very short notes are joined.",
            _SOLO,
        ),
    ] = False
    primer: Annotated[
        str | None,
        Setting("Music that the model reads first, and then continues.", _SOLO, metavar="FILE"),
    ] = None
    primer_values: Annotated[
        str | None,
        Setting("Primer as values, such as 'C,0.500 S,0.250,<m2,P-4>'.", _SOLO, metavar="VALUES"),
    ] = None
    primer_bars: Annotated[
        str | None,
        Setting(
            "Bars of the primer to use: the first N, or FROM:TO.",
            _SOLO,
            metavar="N|FROM:TO",
            default="all",
        ),
    ] = None
    with_primer: Annotated[bool, Setting("Begin the solo with the primer.", _SOLO)] = False
    keep_rhythm: Annotated[
        bool,
        Setting(
            "Keep the rhythm of the tune that is played over; only the pitches are new.", _SOLO
        ),
    ] = False
    melody_part: Annotated[str | None, _part("melody", _CHANGES)] = None
    chord_part: Annotated[tuple[str, ...], _part("chords (repeatable)", _CHANGES)] = ()
    seed: Annotated[
        int, Setting("Seed of the random numbers.", "Sampling", minimum=0, hidden=True)
    ] = 0  # an option of its own in each command: `generate` draws one
    player: Annotated[
        str | None,
        Setting(
            "Play in the manner of a player that the model knows, such as 'Miles Davis', on that "
            "player's instrument.",
            _SOLO,
            metavar="NAME",
        ),
    ] = None
    tempo: Tempo = None
    performance: PerformanceConfig = PerformanceConfig()

    def __post_init__(self) -> None:
        check_settings(self)
        _check_bars(self.bars)
        given = {name for name, value in settings_of(self).items() if value != _DEFAULTS[name]}
        for names, reason in _ALTERNATIVES.items():
            both = [name for name in names if name in given]
            if len(both) > 1:
                raise SettingError(reason, *both, hint="leave one out")
        for name, (needed, reason) in _NEEDED.items():
            if name in given and not given.intersection(needed):
                raise SettingError(reason, name, *needed)

    @property
    def settings(self) -> dict[str, Any]:
        """Settings by name: the seed, and all others that differ from their defaults."""
        return {
            name: value
            for name, value in settings_of(self).items()
            if name == "seed" or value != _DEFAULTS[name]
        }

    @property
    def files(self) -> list[str]:
        """Music files to read."""
        return [name for name in (self.over, self.primer) if name and Path(name).is_file()]


def _check_bars(bars: int | str | None) -> None:
    """Raises SettingError for text that does not name bars of a solo."""
    first, last = parse_bars(bars) or (1, 1)
    if not 1 <= first <= last <= MAX_BARS:
        message = f"bars must be within 1 to {MAX_BARS:,}, the first before the last, not {bars}"
        raise SettingError(message, "bars")


_DEFAULTS = settings_of(GenerationConfig)
_TUNES = ("over", "corpus")
_ALTERNATIVES = {
    (*_TUNES, "changes"): "a solo is played over one tune, or over written changes",
    ("bars", "choruses"): "the length of a solo is a number of bars or a number of choruses",
    ("primer", "primer_values"): "a primer is a file or written values",
    ("with_primer", "keep_rhythm"): "a solo that keeps a rhythm cannot begin with a primer",
    ("tidy", "max_copy"): "tidying changes values, so that copies cannot be limited",
}
_NEEDED = {
    "keep_rhythm": (_TUNES, "a rhythm can be kept only when playing over a tune"),
    "melody_part": (_TUNES, "a melody part can be chosen only when playing over a tune"),
    "chord_part": (_TUNES, "a chord part can be chosen only when playing over a tune"),
    "meter": (("changes",), "a meter can be chosen only for written changes"),
    "song": (("changes",), "a song can be chosen only from a playlist as changes"),
    "as_written": (("changes",), "only written changes have repeats to leave out"),
    "alternates": (("changes",), "only written changes have alternate chords"),
    "with_primer": (
        ("primer", "primer_values"),
        "only a solo that has a primer can begin with it",
    ),
    "primer_bars": (("primer",), "bars can be chosen only from a primer that is a file"),
}
