"""Options that the command lines for music share."""

from __future__ import annotations

from typing import Annotated

import typer

MelodyPart = Annotated[
    str | None, typer.Option(metavar="PART", help="Name or number. [default: found]")
]
ChordPart = Annotated[
    list[str] | None,
    typer.Option(metavar="PART", help="Name or number; may be repeated. [default: found]"),
]
Bars = Annotated[
    str | None, typer.Option(metavar="FROM:TO", help="Only these bars, counted from 1.")
]
