"""Makes the bundled SoundFont from FluidR3Mono_GM.sf3 (Debian: fluidr3mono-gm-soundfont):

    python -m benchmarks.soundfont FluidR3Mono_GM.sf3

Keeps the instruments and drum kits that jazz needs, with their samples as they are. Each other
program of General MIDI plays the kept one that is closest within its family of eight.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from djmodel.outputs.audio import default_soundfont
from djmodel.outputs.soundfont import INSTRUMENT, SAMPLE, TABLES, SoundFont

DRUMS, KITS = 128, (0, 32, 40)  # the bank of drum kits: standard, jazz, brushes
# Piano, Rhodes, clavinet; celesta, vibraphone; organ, harmonica; nylon and jazz guitar; acoustic,
# electric and synthetic bass; strings; trumpet, trombone, tuba, muted trumpet; soprano, alto and
# tenor saxophone, oboe, clarinet; flute; leads; pad; bells and drums.
KEPT = [0, 4, 7, 8, 11, 16, 22, 24, 26, 32, 33, 38, 48, 56, 57, 58, 59, 64, 65, 66, 68, 71, 73, 80,
        81, 89, 112, 113, 114, 115, 116, 117, 118]  # fmt: skip
OTHERS = {5: 48, 12: 89, 13: 24, 15: 89}  # families of which nothing is kept, and what plays them


def played_by(program: int) -> int:
    """The kept program that plays a program of General MIDI."""
    family = [kept for kept in KEPT if kept // 8 == program // 8]
    return min(family, key=lambda kept: abs(kept - program), default=OTHERS.get(program // 8, 0))


class Tables:
    """The tables of the new SoundFont, row by row."""

    def __init__(self, font: SoundFont) -> None:
        self.font, self.samples = font, bytearray()
        self.rows: dict[str, list[Any]] = {name: [] for name in TABLES}
        self.instruments: dict[int, int] = {}
        self.kept: dict[int, int] = {}  # old numbers of samples -> new ones

    def add_preset(self, number: int, program: int) -> None:
        row = self.font.tables["phdr"][number].copy()
        row["program"], row["bag"] = program, len(self.rows["pbag"])
        self.add_zones("p", number, INSTRUMENT, self.add_instrument)
        self.rows["phdr"].append(row)

    def add_instrument(self, number: int) -> int:
        if number not in self.instruments:
            row = self.font.tables["inst"][number].copy()
            row["bag"] = len(self.rows["ibag"])
            self.add_zones("i", number, SAMPLE, self.add_sample)
            self.instruments[number] = len(self.rows["inst"])
            self.rows["inst"].append(row)
        return self.instruments[number]

    def add_sample(self, number: int) -> int:
        if number not in self.kept:
            row = self.font.tables["shdr"][number].copy()
            content = self.font.samples[row["start"] : row["end"]]
            row["start"], row["link"] = len(self.samples), 0
            self.samples += content
            row["end"] = len(self.samples)
            self.kept[number] = len(self.rows["shdr"])
            self.rows["shdr"].append(row)
        return self.kept[number]

    def add_zones(self, kind: str, number: int, target: int, renumbered: Any) -> None:
        tables = self.font.tables
        owner, bags = tables["phdr" if kind == "p" else "inst"]["bag"], tables[f"{kind}bag"]
        for bag in range(owner[number], owner[number + 1]):
            zone = bags[bag].copy()
            zone["generators"] = len(self.rows[f"{kind}gen"])
            zone["modulators"] = len(self.rows[f"{kind}mod"])
            self.rows[f"{kind}bag"].append(zone)
            for column, table in (("generators", f"{kind}gen"), ("modulators", f"{kind}mod")):
                for row in tables[table][bags[bag][column] : bags[bag + 1][column]].copy():
                    if column == "generators" and row["kind"] == target:
                        row["amount"] = renumbered(int(row["amount"]))
                    self.rows[table].append(row)

    def finished(self) -> SoundFont:
        """With the last row of each table, which ends the one before."""
        ends = {"phdr": {"bag": "pbag"}, "inst": {"bag": "ibag"},
                "pbag": {"generators": "pgen", "modulators": "pmod"},
                "ibag": {"generators": "igen", "modulators": "imod"}}  # fmt: skip
        tables = {}
        for name in TABLES:
            last = np.zeros((), self.font.tables[name].dtype)
            for column, table in ends.get(name, {}).items():
                last[column] = len(self.rows[table])
            tables[name] = np.array([*self.rows[name], last], self.font.tables[name].dtype)
        return SoundFont(self.font.info, bytes(self.samples), tables)


def main(source: str) -> None:
    font = SoundFont.read(Path(source).read_bytes())
    numbers = {(row["bank"], row["program"]): n for n, row in enumerate(font.tables["phdr"][:-1])}
    made = Tables(font)
    for program in range(128):
        made.add_preset(numbers[0, played_by(program)], program)
    for kit in KITS:
        made.add_preset(numbers[DRUMS, kit], kit)
    path = default_soundfont()
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(made.finished().content())
    print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
