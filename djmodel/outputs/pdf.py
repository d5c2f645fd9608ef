"""PDF files of drawings: a page each, as vectors, with the fonts of the PNG files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from djmodel.outputs.drawing import Drawing
from seqmodel.extras import load_matplotlib
from seqmodel.text import printable, xml_text

_WIDTH, _HEIGHT = 595.28, 841.89  # of A4, in points
_FONTS = {"sans-serif": "DejaVu Sans", "Times, serif": "DejaVu Serif"}
# A document of typst: drawings from its inputs, which it never takes for commands.
_DOCUMENT = f"""
#set page(width: {_WIDTH}pt, height: {_HEIGHT}pt, margin: 0pt)
#set document(title: sys.inputs.title, date: none)
#for number in range(int(sys.inputs.pages)) {{
  image(bytes(sys.inputs.at(str(number))), format: "svg", width: 100%)
}}
"""


def pdf(pages: Sequence[Drawing], title: str = "") -> bytes:
    """A PDF of drawings with the proportions of A4."""
    matplotlib = load_matplotlib()
    import typst

    fonts = typst.Fonts(font_paths=[str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")])
    inputs = {"title": xml_text(printable(title)), "pages": f"{len(pages)}"}
    for number, page in enumerate(pages):
        svg = page.svg
        for generic, font in _FONTS.items():
            svg = svg.replace(f'font-family="{generic}"', f'font-family="{font}"')
        inputs[f"{number}"] = svg
    document = _DOCUMENT.encode("utf-8")
    content: bytes = typst.compile(document, font_paths=fonts, sys_inputs=inputs, format="pdf")
    return content
