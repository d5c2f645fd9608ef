"""`djmodel play`: a page in the browser that improvises with you."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Annotated

from djmodel.config import ModelArgument
from djmodel.inputs.chart import chart_text
from djmodel.music.charts.config import ChartConfig
from seqmodel.command_line.options import Options
from seqmodel.command_line.runner import print_line, run, stderr_console
from seqmodel.settings import Setting


def command(
    path: ModelArgument = None,
    port: Annotated[
        int, Setting("Port of the page.", minimum=0, maximum=65_535, metavar="N")
    ] = 8000,
    no_browser: Annotated[bool, Setting("Do not open the browser.")] = False,
    changes: Annotated[
        str | None,
        Setting(
            "Changes to begin with: text, a text file, a form such as blues-in-F, or a link or a "
            "page of iReal Pro.",
            "Changes",
            metavar="CHORDS|LINK|FILE|-",
            default="a blues in F",
        ),
    ] = None,
    chart: Annotated[ChartConfig, Options(("song",))] = ChartConfig(),
) -> None:
    """Improvise with the model on a page in your browser: it plays choruses over your changes with
    a band, and trades bars with you.

    The page is served on this machine alone and needs no network. Ctrl-C ends it.

    Examples:
        djmodel play
        djmodel play runs/mine/model.keras --changes rhythm-changes
    """
    from djmodel.app.launch import Page, check_packages, opening_changes
    from djmodel.app.models import Models
    from djmodel.model.model_file import model_path

    check_packages()
    text = "blues-in-F" if changes is None else chart_text(changes, sys.stdin.buffer)
    text = opening_changes(text, chart.song)
    models = Models(model_path(path))
    models.find(None).load()
    page = Page(models, port, {"changes": text, "settings": {}}, processes=True)
    print_line(page.url)
    stderr_console().print("The page is ready; Ctrl-C ends it.", soft_wrap=True)
    if not no_browser:
        page.open()
    with suppress(KeyboardInterrupt):
        page.run()


COMMANDS = (command,)


def main() -> None:
    run(*COMMANDS)


if __name__ == "__main__":
    main()
