"""The error of a chart that cannot be read, which points at its place."""

from __future__ import annotations

from seqmodel.errors import InputError

_CONTEXT = 24  # characters shown before and after the place
_MAX_SHOWN = 60  # characters shown of the place itself


class ChangesError(InputError):
    """Changes that cannot be read. `text` is all of them, `problem` says what is wrong in them; it
    is in `length` characters from `position`, in the bar with number `bar` as written, from 1 (0:
    in no bar)."""

    def __init__(
        self, problem: str, text: str, position: int, length: int, *, bar: int = 0, hint: str = ""
    ) -> None:
        self.problem, self.text, self.bar = problem, text, bar
        self.position, self.length = position, length
        start = text.rfind("\n", 0, position) + 1
        end = text.find("\n", position + length)
        line = text[start : len(text) if end < 0 else end]
        at, to = position - start, position - start + length
        before, after = line[:at][-_CONTEXT:], line[to:][:_CONTEXT]
        before = "..." * (at > _CONTEXT) + before
        after += "..." * (len(line) > to + _CONTEXT)
        where = [f"line {text.count(chr(10), 0, position) + 1}"] if "\n" in text.strip() else []
        where += [f"bar {bar}"] if bar else []
        where += [] if "\n" in text.strip() else [f"character {position + 1}"]
        place = line[at:to] if length <= _MAX_SHOWN else f"{line[at : at + _MAX_SHOWN]}..."
        shown = f"{before}>>{place or 'the end'}<<{after}"
        super().__init__(f"{problem}: {shown} ({', '.join(where)})", hint=hint)
