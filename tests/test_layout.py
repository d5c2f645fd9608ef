"""The layout of docs/design.md: modules import only what stands above them, and stay small."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# In the order of docs/design.md: a stage imports itself and those before it.
ORDER = [
    "seqmodel.text",
    "seqmodel.errors",
    "seqmodel.files",
    "seqmodel.folder_lock",
    "seqmodel.interrupts",
    "seqmodel.extras",
    "seqmodel.value_types",
    "seqmodel.settings",
    "seqmodel.parallel",
    "seqmodel.data",
    "seqmodel.network",
    "seqmodel.training",
    "seqmodel.sampling",
    "seqmodel.ngram",
    "seqmodel.suffix_automaton",
    "seqmodel.model_file",
    "seqmodel.picture",
    "seqmodel.plots",
    "seqmodel.command_line.about",
    "seqmodel.command_line.options",
    "seqmodel.command_line.console",
    "seqmodel.command_line.outputs",
    "seqmodel.command_line.runner",
    "seqmodel.command_line.program",
    "seqmodel.command_line.training",
    "djmodel.music",
    "djmodel.inputs",
    "djmodel.outputs",
    "djmodel.values",
    "djmodel.config",
    "djmodel.presets",
    "djmodel.model",
    "djmodel.evaluation",
    "djmodel.app",
    "djmodel.course",
    "djmodel.course_v3",
    "djmodel.play",
    "djmodel.train",
    "djmodel.generate",
    "djmodel.inspect",
    "djmodel.evaluate",
    "djmodel.report",
    "djmodel.render",
    "djmodel.corpus",
    "djmodel.__main__",
    "dinos",
]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for package in ("djmodel", "dinos", "seqmodel")
    for path in sorted((ROOT / package).rglob("*.py"))
    if path.name != "__init__.py" and path.parent.resolve() != ROOT / "data"
}
MAX_LINES, MAX_MODULES = 400, 13


def stage(module):
    """`djmodel.music` for `djmodel.music.tune.Tune`; all of `dinos` is one stage."""
    return next((known for known in ORDER if f"{module}.".startswith(f"{known}.")), "")


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_stands_above_it(module):
    assert stage(module), "docs/design.md and this list name every stage"
    known = [stage(name) for name in imports(MODULES[module])]
    later = [name for name in known if name and ORDER.index(name) > ORDER.index(stage(module))]
    assert not later


def test_no_module_is_long_and_no_folder_crowded():
    lengths = {name: len(path.read_text("utf-8").splitlines()) for name, path in MODULES.items()}
    assert {name for name, length in lengths.items() if length > MAX_LINES} == set()
    folders = [path.parent for path in MODULES.values()]
    assert {folder for folder in folders if folders.count(folder) > MAX_MODULES} == set()


def test_only_the_runner_prints_and_every_console_is_plain():
    """Text from outside reaches the terminal through functions that make it safe; the courses'
    notebooks print as the courses do."""
    calls = {
        (name, node.func.id)
        for name, path in MODULES.items()
        if ".course" not in name and name != "dinos.minimal"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert {name for name, called in calls if called == "print"} == {"seqmodel.command_line.runner"}
    assert not {name for name, called in calls if called == "Console"}
