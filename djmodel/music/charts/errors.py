"""The error of a chart that cannot be read, which points at its place."""

from __future__ import annotations

from seqmodel.errors import InputError

_CONTEXT = 24  # characters shown before and after the place
_MAX_SHOWN = 60  # characters shown of the place itself


class ChangesError(InputError):
    """Changes that cannot be read. `text` is all of them, or the music of the `song` of a playlist
    that has this title; `problem` says what is wrong in it, in `length` characters from `position`,
    in the bar with number `bar` as written, from 1 (0: in no bar)."""

    def __init__(
        self,
        problem: str,
        text: str,
        position: int,
        length: int,
        *,
        bar: int = 0,
        hint: str = "",
        song: str = "",
    ) -> None:
        self.text, self.position, self.length, self.bar = text, position, length, bar
        self.problem, self.song = problem, song
        start = text.rfind("\n", 0, position) + 1
        end = text.find("\n", position + length)
        line = text[start : len(text) if end < 0 else end]
        at, to = position - start, position - start + length
        before, after = line[:at][-_CONTEXT:], line[to:][:_CONTEXT]
        before = "..." * (at > _CONTEXT) + before
        after += "..." * (len(line) > to + _CONTEXT)
        where = [f"line {self.line}"] if "\n" in text.strip() else []
        where += [f"bar {bar}"] if bar else []
        where += [] if "\n" in text.strip() else [f"character {position + 1}"]
        place = line[at:to] if length <= _MAX_SHOWN else f"{line[at : at + _MAX_SHOWN]}..."
        shown = f"{before}>>{place or 'the end'}<<{after}"
        named = f"the song '{song:.60}' cannot be read: {problem}" if song else problem
        super().__init__(f"{named}: {shown} ({', '.join(where)})", hint=hint)

    @property
    def line(self) -> int:
        """The number of the line with the error, from 1."""
        return self.text.count("\n", 0, self.position) + 1

    @property
    def column(self) -> int:
        """The number of the first character with the error in its line, from 1."""
        return self.position - self.text.rfind("\n", 0, self.position)

    def in_song(self, title: str) -> ChangesError:
        """The error in the music of a song."""
        place = self.position, self.length
        return ChangesError(
            self.problem, self.text, *place, bar=self.bar, hint=self.hint, song=title
        )
