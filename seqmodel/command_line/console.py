"""The consoles of the commands, which show text from outside as it is."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from seqmodel.text import visible

MAX_LENGTH = 4_000  # characters of a string; a longer one ends in an ellipsis


class PlainConsole(Console):
    """A console that takes no text for markup, emoji codes or terminal control sequences.

    rich makes every string that it prints (also titles, headings and cells of tables) into a `Text`
    with `render_str`, so a command cannot print a string that is not made safe.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        line = visible(text)
        line = line if len(line) <= MAX_LENGTH else f"{line[: MAX_LENGTH - 1]}…"
        return super().render_str(line, **options)

    def on_broken_pipe(self) -> None:
        """Leaves it to the runner of the commands that the reader has closed the output."""
        raise BrokenPipeError
