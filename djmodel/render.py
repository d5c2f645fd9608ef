"""`djmodel render`: renders a MIDI file as sound."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from djmodel.outputs.audio import render
from djmodel.outputs.performance.config import PerformanceConfig, SoundFont
from djmodel.outputs.suffixes import SOUND
from djmodel.outputs.write import check_output
from seqmodel.command_line.outputs import Overwrite, check_free
from seqmodel.command_line.runner import print_files, run, stderr_console
from seqmodel.files import check_no_overwrite
from seqmodel.settings import Setting


def command(
    file: Annotated[Path, Setting("MIDI file.", metavar="FILE.mid", positional=True)],
    out: Annotated[
        Path | None,
        Setting("Sound file to write: .wav or .mp3.", "Output", short="o", default="FILE.wav"),
    ] = None,
    soundfont: SoundFont = None,
    performance: PerformanceConfig = PerformanceConfig(),
    overwrite: Overwrite = False,
) -> None:
    """Render a MIDI file as sound, on sampled instruments.

    The file is played as it is; with --feel, --swing, --humanize or --count-in its tune is
    performed anew.

    Examples:
        djmodel render solo.mid
        djmodel render solo.mid --out solo.mp3 --swing 1.6 --count-in 2
    """
    path = out or file.with_suffix(".wav")
    check_output(path, SOUND)
    check_no_overwrite([path], [file])
    check_free([path], overwrite=overwrite)
    if performance == PerformanceConfig():
        sound = render(file, soundfont)
    else:
        from djmodel.inputs.reader import read_tune
        from djmodel.outputs.performance.perform import perform

        sound = render(perform(read_tune(file), performance), soundfont)
    sound.save(path)
    print_files([path])
    stderr_console().print(f"{sound.seconds:.1f} seconds of sound", soft_wrap=True)


COMMANDS = (command,)


def main() -> None:
    run(*COMMANDS)


if __name__ == "__main__":
    main()
