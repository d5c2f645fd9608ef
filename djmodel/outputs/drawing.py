"""SVG drawings of music: shown in a notebook, saved as SVG, turned into PNG by resvg."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

from djmodel.outputs import suffixes
from seqmodel.extras import load_matplotlib
from seqmodel.files import atomic_write, check_suffix
from seqmodel.picture import LIGHT, with_palette
from seqmodel.settings import checked
from seqmodel.text import xml_text

PNG_ZOOM = 2.0  # pixels per CSS pixel
MAX_PNG_HEIGHT = 65_000  # pixels: half a gigabyte of memory
_NAMESPACE = "http://www.w3.org/2000/svg"


@dataclass(frozen=True)
class Drawing:
    """An SVG drawing with a width and a height in CSS pixels. Its ink is `currentColor`, and it has
    no background, so that a page can show it in light and dark."""

    svg: str = field(repr=False)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in CSS pixels."""
        root = parse_svg(self.svg)
        return float(root.attrib["width"]), float(root.attrib["height"])

    def png(self, zoom: float = PNG_ZOOM) -> bytes:
        """The drawing in black on white, `zoom` pixels per CSS pixel (fewer if very long), in
        matplotlib's fonts: the same on every machine."""
        matplotlib = load_matplotlib()
        import resvg_py

        content: bytes = resvg_py.svg_to_bytes(
            svg_string=self.svg,
            background=LIGHT.paper,
            zoom=min(zoom, MAX_PNG_HEIGHT / self.size[1]),
            skip_system_fonts=True,
            font_dirs=[str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")],
            font_family="DejaVu Sans",
            serif_family="DejaVu Serif",
            sans_serif_family="DejaVu Sans",
        )
        return with_palette(content)

    @checked
    def save(self, path: str | Path) -> None:
        """Writes a .svg or .png file, on white paper for viewers with a dark background. Raises
        InputError for another suffix, FileError if it cannot be written."""
        if check_suffix(path, suffixes.PICTURE) == ".png":
            content = self.png()
        else:
            root = parse_svg(self.svg)
            paper = {"width": "100%", "height": "100%", "fill": LIGHT.paper}
            root.insert(0, ET.Element("rect", paper))
            content = to_text(root).encode("utf-8")
        with atomic_write(path) as temporary:
            temporary.write_bytes(content)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """A PNG, which a notebook shows even where it is not trusted; SVG is removed there."""
        width, height = self.size
        return self.png(), {"width": round(width), "height": round(height)}


def new_svg(width: float, height: float, **attributes: str) -> ET.Element:
    """An empty SVG of a size in CSS pixels, with a view box so that it can be scaled."""
    size = {"width": f"{width:g}", "height": f"{height:g}", "viewBox": f"0 0 {width:g} {height:g}"}
    return ET.Element("svg", {"xmlns": _NAMESPACE, **size, "role": "img", **attributes})


def add(parent: ET.Element, tag: str, text: str = "", **attributes: str | float) -> ET.Element:
    """Appends an element. In the names of attributes `_` stands for `-`, and a last one is dropped:
    `class_`, `font_size`. Numbers are rounded to hundredths."""
    element = ET.SubElement(parent, tag)
    for name, value in attributes.items():
        if not isinstance(value, str):
            value = f"{round(value, 2):g}"
        element.set(name.rstrip("_").replace("_", "-"), xml_text(value))
    element.text = xml_text(text) or None
    return element


def parse_svg(text: str) -> ET.Element:
    """The root of an SVG, its tags without their namespace."""
    root = ET.fromstring(text)
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{_NAMESPACE}}}")
    root.set("xmlns", _NAMESPACE)
    return root


def to_text(root: ET.Element) -> str:
    return ET.tostring(root, encoding="unicode")
