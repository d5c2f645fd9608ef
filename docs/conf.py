"""Sphinx's configuration: `make docs` builds docs/_build/html."""

from __future__ import annotations

import ast
import json
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from importlib import import_module, metadata
from inspect import isfunction
from pathlib import Path
from typing import Any, get_args, get_type_hints

from docutils import nodes
from sphinx import addnodes

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))  # for benchmarks that pages name

project = "djmodel"
author = "the authors of djmodel"
release = metadata.version("djmodel")
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["_build", "listen"]
html_theme = "furo"
html_title = f"djmodel {release}"
default_role = "code"
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nb_render_markdown_format = "gfm"  # tables that cells print
nb_execution_mode = "off"  # the tests run the notebooks; here they are shown as stored
suppress_warnings = ["myst.xref_missing", "mystnb.unknown_mime_type"]
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
maximum_signature_line_length = 110
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_show_copyright = False

PACKAGES = ("djmodel.", "dinos.", "seqmodel.")

# The commands of each program, and the module of each.
COMMANDS = {
    "djmodel": ["generate", "play", "train", "inspect", "evaluate", "report", "render", "corpus"],
    "dinos": ["train", "generate"],
}


def command_pages() -> Iterator[str]:
    """The options of each command in Markdown, as its `--help` declares them."""
    from seqmodel.command_line.runner import app_of

    yield "# Commands\n\nAll options of all commands, as `--help` prints them.\n"
    for program, names in COMMANDS.items():
        for name in names:
            made = app_of(import_module(f"{program}.{name}").COMMANDS, (), name)
            for sub, command in getattr(made, "commands", {"": made}).items():
                yield from _command(" ".join(filter(None, (program, name, sub))), command)


def _command(title: str, command: Any) -> Iterator[str]:
    yield f"\n## {title}\n\n{_plain(command.help)}\n"
    if command.epilog:
        lines = [line for line in command.epilog.splitlines() if line.strip()]
        examples = [_unmarked(line).strip() for line in lines if not line.startswith("Examples")]
        yield "\n```sh\n" + "\n".join(examples) + "\n```\n"
    panels: dict[str, list[str]] = {}
    for option in command.params:
        panel = getattr(option, "rich_help_panel", None) or "General"
        names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
        if option.param_type_name == "argument":
            names = f"`{(option.metavar or option.name).upper()}`"
        elif option.metavar:
            names += f" `{option.metavar}`"
        text = _plain(option.help).replace("|", "\\|")
        panels.setdefault(panel, []).append(f"| {names.replace('|', chr(92) + '|')} | {text} |")
    for panel, rows in panels.items():
        yield f"\n**{panel}**\n\n| option | |\n|---|---|\n" + "\n".join(rows) + "\n"


def _plain(text: str | None) -> str:
    """Help as Markdown."""
    return re.sub(r"(?<!`)([*_<>])", r"\\\1", _unmarked(text))


def _unmarked(text: str | None) -> str:
    """Help without the terminal's markup."""
    return re.sub(r"\\\[", "[", text or "")


_ARRAY = re.compile(
    r"~?(?:numpy\.)?ndarray\[(?:tuple\[)?~?(?:typing\.)?Any(?:, \.\.\.\])?, "
    r"~?(?:numpy\.)?dtype\[([~\w.]+)\]\]"
)

_SETTING = re.compile(
    r"~?(?:typing\.)?Annotated\[([^,\]]+), ~?[\w.]*Setting\(help=.*?, positional=\w+\)\]"
)


def _signature(
    _app: Any, what: str, _name: str, subject: Any, _options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    """The fields of a dataclass with their types and defaults, without settings' annotations."""
    if not signature:
        return None
    names = vars(sys.modules[subject.__module__])
    if what != "class" or not is_dataclass(subject):
        return _plain_types(signature, names), _plain_types(returns or "", names)
    shown = ", ".join(_field(field, names) for field in fields(subject) if field.init)
    return f"({shown})", ""


def _plain_types(text: str, names: dict[str, Any]) -> str:
    """A signature with arrays by their types alone, without the settings of parameters, and with
    the modules of classes that Sphinx has left as they are written."""
    text = _SETTING.sub(r"\1", text)
    text = re.sub(r"(?:^|(?<=[:|] ))[A-Z]\w+", lambda match: _qualified(match[0], names), text)
    return _ARRAY.sub(r"NDArray[\1]", text)


def _qualified(name: str, names: dict[str, Any]) -> str:
    found = names.get(name)
    if isinstance(found, type) and found.__module__.startswith(PACKAGES):
        return f"~{found.__module__}.{found.__qualname__}"
    return name


class _Qualified(ast.NodeTransformer):
    """Names of this project's classes with their modules, of which only the name is shown."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(_qualified(node.id, self.names))


def _field(field: Field[Any], names: dict[str, Any]) -> str:
    """A field as a parameter: name, type and default."""
    kind = ast.parse(str(field.type), mode="eval").body
    if isinstance(kind, ast.Subscript) and ast.unparse(kind.value) == "Annotated":
        assert isinstance(kind.slice, ast.Tuple)
        kind = kind.slice.elts[0]
    text = f"{field.name}: {ast.unparse(_Qualified(names).visit(kind))}"
    if field.default is not MISSING:
        return f"{text} = {_default(field.default)}"
    return text if field.default_factory is MISSING else f"{text} = ..."


def _default(default: Any) -> str:
    if is_dataclass(default):
        return f"{type(default).__name__}()"
    return default.__name__ if isfunction(default) else repr(default)


def _docstring(
    _app: Any, what: str, _name: str, subject: Any, _options: Any, lines: list[str]
) -> None:
    """Adds what the settings of a configuration mean, and hides the colons of a property from
    napoleon, which takes them for the end of a type."""
    if what == "property":
        lines[:] = [line.replace(":", _COLON) for line in lines]
    if what == "class" and is_dataclass(subject):
        from seqmodel.settings import Setting

        hints = get_type_hints(subject, include_extras=True)
        for field in fields(subject):
            for setting in get_args(hints[field.name])[1:]:
                if isinstance(setting, Setting):
                    text = re.sub(r"--[a-z][a-z-]*", r"``\g<0>``", setting.help)
                    lines.append(f":param {field.name}: {text}")


_COLON = "\ue000"  # in its place meanwhile


def _colons(
    _app: Any, _what: str, _name: str, _subject: Any, _options: Any, lines: list[str]
) -> None:
    lines[:] = [line.replace(_COLON, ":") for line in lines]


def _properties(_app: Any, document: nodes.document) -> None:
    """Shows arrays that are properties as signatures do."""
    for shown in document.findall(addnodes.desc_annotation):
        text = _ARRAY.sub(r"NDArray[\1]", shown.astext())
        if text != shown.astext():
            shown[:] = [nodes.Text(text)]


def _links_to_no_page(_app: Any, document: nodes.document, _name: str) -> None:
    """Shows links of included cards to files of the repository as text."""
    for link in list(document.findall(nodes.reference)):
        if "refuri" not in link and link.get("refid") not in document.ids:
            link.replace_self(link.children)


_PLAYER = re.compile(r"<audio.*?<source src=\"(?!data:)(.*?)\".*?</audio>", re.DOTALL)


def _published(notebook: Path) -> str:
    """A notebook without players of files that it wrote when it ran, which are not on its page."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    for output in [each for cell in content["cells"] for each in cell.get("outputs", ())]:
        html = "".join(output.get("data", {}).get("text/html", ""))
        if _PLAYER.search(html):
            output["data"]["text/html"] = _PLAYER.sub(r"A notebook plays \1 here.", html)
    return json.dumps(content)


def _write_if_new(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def setup(app: Any) -> None:
    def write(_: Any) -> None:
        _write_if_new(HERE / "commands.md", "".join(command_pages()))
        for notebook in (HERE.parent / "notebooks").glob("*.ipynb"):
            _write_if_new(HERE / "notebooks" / notebook.name, _published(notebook))

    def copy_what_is_heard(_: Any, error: Exception | None) -> None:
        if error is None:
            shutil.copytree(HERE / "listen", Path(app.outdir) / "listen", dirs_exist_ok=True)

    app.connect("builder-inited", write)
    app.connect("build-finished", copy_what_is_heard)
    app.connect("doctree-read", _properties)
    app.connect("doctree-resolved", _links_to_no_page)
    app.connect("autodoc-process-signature", _signature)
    app.connect("autodoc-process-docstring", _docstring, priority=400)  # before napoleon
    app.connect("autodoc-process-docstring", _colons, priority=600)
