"""Jazz improvisation with a small recurrent network: tunes become sequences of values, a model
learns to predict the next value, and solos are sampled over any chord changes.

>>> import djmodel
>>> changes = djmodel.parse_changes("blues-in-F")
>>> len(changes.bars)
12

Each name is imported from its module on first use, so that `import djmodel` stays fast.
`djmodel.play`, `djmodel.generate` and `djmodel.evaluate` are functions, also after an import of the
modules of the commands with these names, which `python -m djmodel.play` runs. The course's function
`djmodel` has the name of the package: after `from djmodel import djmodel` that name is the
function. `import djmodel as dj` keeps both apart: `dj.djmodel` is the function.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for editors and type checkers; at run time `_HOMES` says the same
    from djmodel.app.launch import play as play
    from djmodel.config import GenerationConfig as GenerationConfig
    from djmodel.config import TrainingConfig as TrainingConfig
    from djmodel.course.helpers import a_initializer as a_initializer
    from djmodel.course.helpers import c_initializer as c_initializer
    from djmodel.course.helpers import generate_music as generate_music
    from djmodel.course.helpers import load_music_utils as load_music_utils
    from djmodel.course.helpers import mid2wav as mid2wav
    from djmodel.course.helpers import one_hot as one_hot
    from djmodel.course.helpers import predict_and_sample as predict_and_sample
    from djmodel.course.helpers import x_initializer as x_initializer
    from djmodel.course.keras2 import Adam as Adam
    from djmodel.evaluation.perplexity import evaluate as evaluate
    from djmodel.inputs.chart import read_changes as read_changes
    from djmodel.inputs.music_files import rags as rags
    from djmodel.inputs.reader import read_tune as read_tune
    from djmodel.inputs.reader import read_tunes as read_tunes
    from djmodel.model.improvise import improvise as improvise
    from djmodel.model.layers import djmodel as djmodel
    from djmodel.model.layers import music_inference_model as music_inference_model
    from djmodel.model.model_file import load as load
    from djmodel.model.solos import generate_solos
    from djmodel.model.training import fit as fit
    from djmodel.music.accompaniment import accompany as accompany
    from djmodel.music.changes import parse_changes as parse_changes
    from djmodel.outputs.notation.lead_sheet import lead_sheet as lead_sheet
    from djmodel.outputs.piano_roll import piano_roll
    from djmodel.outputs.write import write
    from djmodel.presets import training_preset as training_preset
    from djmodel.values.grammar import decode as decode
    from djmodel.values.grammar import encode as encode
    from seqmodel.errors import InputError as InputError
    from seqmodel.sampling.config import SamplingConfig as SamplingConfig
    from seqmodel.training.config import TrainerConfig as TrainerConfig

    __version__: str
    generate, plot, save = generate_solos, piano_roll, write

_HOMES = {
    "read_tune": "djmodel.inputs.reader",
    "read_tunes": "djmodel.inputs.reader",
    "rags": "djmodel.inputs.music_files",
    "read_changes": "djmodel.inputs.chart",
    "parse_changes": "djmodel.music.changes",
    "accompany": "djmodel.music.accompaniment",
    "encode": "djmodel.values.grammar",
    "decode": "djmodel.values.grammar",
    "fit": "djmodel.model.training",
    "TrainingConfig": "djmodel.config",
    "TrainerConfig": "seqmodel.training.config",
    "training_preset": "djmodel.presets",
    "load": "djmodel.model.model_file",
    "improvise": "djmodel.model.improvise",
    "SamplingConfig": "seqmodel.sampling.config",
    "generate": "djmodel.model.solos:generate_solos",
    "GenerationConfig": "djmodel.config",
    "evaluate": "djmodel.evaluation.perplexity",
    "play": "djmodel.app.launch",
    "plot": "djmodel.outputs.piano_roll:piano_roll",
    "lead_sheet": "djmodel.outputs.notation.lead_sheet",
    "save": "djmodel.outputs.write:write",
    "InputError": "seqmodel.errors",
    # the course's names
    "djmodel": "djmodel.model.layers",
    "music_inference_model": "djmodel.model.layers",
    "load_music_utils": "djmodel.course.helpers",
    "predict_and_sample": "djmodel.course.helpers",
    "generate_music": "djmodel.course.helpers",
    "mid2wav": "djmodel.course.helpers",
    "one_hot": "djmodel.course.helpers",
    "x_initializer": "djmodel.course.helpers",
    "a_initializer": "djmodel.course.helpers",
    "c_initializer": "djmodel.course.helpers",
    "Adam": "djmodel.course.keras2",
}
__all__ = list(_HOMES)


class _Package(ModuleType):
    """A package that imports its public names on first use. An import of a submodule, which sets an
    attribute of the package, leaves a public name of the same spelling as it is."""

    def __getattr__(self, name: str) -> Any:
        if name == "__version__":
            return import_module("importlib.metadata").version("djmodel")
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, _, attribute = _HOMES[name].partition(":")
        return getattr(import_module(module), attribute or name)

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_HOMES})


sys.modules[__name__].__class__ = _Package


def _notebook_player(tune: Any) -> str:
    from djmodel.outputs.page import notebook_player

    return notebook_player(tune)


def _show_tunes_in_notebooks() -> None:
    """Registers the player of a `Tune` with IPython, if IPython is running."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None and shell.display_formatter is not None:
        html = shell.display_formatter.formatters["text/html"]
        html.for_type_by_name("djmodel.music.tune", "Tune", _notebook_player)


_show_tunes_in_notebooks()
