"""Finished figures, which show themselves in a notebook and save themselves as PNG or SVG."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from seqmodel.extras import load_matplotlib
from seqmodel.files import PICTURE_SUFFIXES, atomic_write, check_suffix

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Colours of everything but the data.
LIGHT = SimpleNamespace(paper="#FFFFFF", ink="#1B1F24", line="#9AA3AD", grid="#E6E9ED")
DOTS_PER_INCH = 144


@dataclass(frozen=True, eq=False)
class Picture:
    """A finished matplotlib figure. Equal figures give equal files."""

    figure: Figure = field(repr=False)

    def png(self) -> bytes:
        return with_palette(self._bytes("png"))

    def svg(self) -> str:
        return self._bytes("svg").decode()

    def save(self, path: str | Path) -> None:
        """Writes a .png or .svg file. Raises InputError for another suffix, FileError if it cannot
        be written."""
        is_png = check_suffix(path, PICTURE_SUFFIXES) == ".png"
        content = self.png() if is_png else self._bytes("svg")
        with atomic_write(path) as temporary:
            temporary.write_bytes(content)

    def _bytes(self, kind: str) -> bytes:
        matplotlib = load_matplotlib()
        stream = io.BytesIO()
        with matplotlib.rc_context({"svg.hashsalt": "picture", "svg.fonttype": "path"}):
            self.figure.savefig(
                stream,
                format=kind,
                dpi=DOTS_PER_INCH,
                facecolor=LIGHT.paper,
                metadata={"Date": None} if kind == "svg" else None,
            )
        return stream.getvalue()

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        width, height = self.figure.get_size_inches()
        return self.png(), {"width": round(width * 90), "height": round(height * 90)}


def with_palette(png: bytes) -> bytes:
    """The same picture, opaque, with a palette of 256 colours: a third of the bytes, which matters
    in a notebook. A picture that pillow takes for an attack by its size is returned as it is."""
    from PIL import Image

    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    if Image.MAX_IMAGE_PIXELS is not None and width * height > Image.MAX_IMAGE_PIXELS:
        return png
    stream = io.BytesIO()
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    plain = picture.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    plain.save(stream, "PNG", optimize=True)
    return stream.getvalue()
