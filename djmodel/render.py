"""`python -m djmodel.render`: MIDI to sound."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from djmodel.outputs.audio import render
from djmodel.outputs.suffixes import SOUND
from djmodel.outputs.write import check_output
from seqmodel.cli import Debug, run, stderr_console


def command(
    file: Annotated[Path, typer.Argument(metavar="FILE.mid", help="The MIDI file to play.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where to write: .wav or .mp3. [default: FILE.wav]"),
    ] = None,
    soundfont: Annotated[
        Path | None, typer.Option(help="An SF2 file with the instruments to play it on.")
    ] = None,
    debug: Debug = False,  # noqa: ARG001 (read where the command is run)
) -> None:
    """Plays a MIDI file on sampled instruments into a WAV or MP3 file."""
    path = out or file.with_suffix(".wav")
    check_output(path, SOUND)
    sound = render(file, soundfont)
    sound.save(path)
    stderr_console().print(f"{path}: {sound.seconds:.1f} seconds of sound", soft_wrap=True)


def main() -> None:
    run(command)


if __name__ == "__main__":
    main()
