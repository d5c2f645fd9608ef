"""Options that the command lines for music share."""

from __future__ import annotations

from typing import Annotated

import typer

from djmodel.inputs.limits import DEFAULT

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
MaxNotes = Annotated[int, typer.Option(metavar="N", help="A file with more is refused.")]
MaxSeconds = Annotated[
    float, typer.Option(metavar="S", help="A file that takes longer to read is refused.")
]
MAX_NOTES, MAX_SECONDS = DEFAULT.max_notes, DEFAULT.max_seconds
MaxCopy = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="No more than N values in a row as in the training."),
]
