"""The colours of every picture of the project, told apart also by the colour-blind.

They are from the set of Okabe and Ito (Color Universal Design, 2008). Where two things must be
told apart, shape or hatching says it too.
"""

from __future__ import annotations

from dataclasses import dataclass

BLUE = "#0072B2"
SKY = "#56B4E9"
ORANGE = "#E69F00"
VERMILLION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"

SERIES = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
"""For curves and groups, in the order to take them in."""


@dataclass(frozen=True)
class Theme:
    """What a picture stands on: paper, ink, and two fainter inks for the grid."""

    paper: str
    ink: str
    faint: str
    fainter: str


LIGHT = Theme("#FFFFFF", "#1B1F24", "#9AA3AD", "#E6E9ED")
DARK = Theme("#14181D", "#E8EBEE", "#6B7580", "#2A3038")
