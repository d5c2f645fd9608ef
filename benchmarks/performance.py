"""Swing, loudness and articulation of recorded solos, and the constants that performances use.

    python -m benchmarks.performance FOLDER

FOLDER holds the tables of the Weimar Jazz Database (solos.csv, notes.csv.gz, beats.csv.gz). Prints
tables of swing by feel and tempo, of loudness and of articulation, and the content of
`djmodel/outputs/performance/constants.py`.

The database is made available under the Open Database License (ODbL): Pfleiderer, Frieler, Abesser,
Zaddach, Burkhart (eds.), Inside the Jazzomat, Schott Campus, 2017.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from djmodel.outputs.performance.constants import MAX_SHARE, MIN_SHARE, REFERENCE_BPM
from djmodel.outputs.performance.expression import (
    ARTICULATION_FEATURES,
    LOUDNESS_FEATURES,
    Line,
    articulation_features,
    loudness_features,
)

TEMPOS = (50, 80, 110, 140, 170, 200, 230, 260, 300, 360)  # edges of classes, beats per minute
FEELS = ("SWING", "TWOBEAT", "BALLAD", "LATIN", "FUNK")
LEAST_NOTES = 100  # of a class that is printed
MAX_LAG = 0.5  # of a beat; a note farther from its beat was assigned to the wrong one
PHRASE_GAP = 1.0  # beats; a longer wait for the next note is a rest, not an articulation


class Solo(NamedTuple):
    """A transcribed solo: arrays `(notes,)`. `beat` is the onset of the note's beat and `next_beat`
    that of the following one (seconds; nan where not known), `place` the written place in the beat,
    `halves` True where the beat is divided in two."""

    feel: str
    line: Line
    onset: np.ndarray
    duration: np.ndarray
    loudness: np.ndarray
    beat: np.ndarray
    next_beat: np.ndarray
    place: np.ndarray
    halves: np.ndarray

    @property
    def bpm(self) -> np.ndarray:
        return 60 / (self.next_beat - self.beat)


def read_solos(folder: Path) -> Iterator[Solo]:
    """The solos in 4/4 that have one feel and loudness."""
    beats: dict[str, dict[tuple[int, int], float]] = defaultdict(dict)
    for row in rows(folder / "beats.csv.gz"):
        beats[row["melid"]][int(row["bar"]), int(row["beat"])] = float(row["onset"])
    notes = defaultdict(list)
    for row in rows(folder / "notes.csv.gz"):
        notes[row["melid"]].append(row)
    with (folder / "solos.csv").open(encoding="utf-8") as file:
        for about in csv.DictReader(file):
            played = notes[about["melid"]]
            if about["signature"] == "4/4" and all(note["loudness"] for note in played):
                yield solo(about["rhythmfeel"], played, beats[about["melid"]])


def rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def solo(feel: str, notes: Sequence[dict[str, str]], beats: dict[tuple[int, int], float]) -> Solo:
    """A solo from the rows of its notes and the onsets of its beats."""

    def column(name: str) -> np.ndarray:
        return np.array([float(note[name]) for note in notes])

    following = dict(pairwise(sorted(beats)))
    keys = [(int(note["bar"]), int(note["beat"])) for note in notes]
    beat_onset = np.array([beats.get(key, np.nan) for key in keys])
    next_onset = np.array([beats.get(following.get(key, (0, 0)), np.nan) for key in keys])
    place = (column("tatum") - 1) / column("division")
    first = column("phrase_begin") == 1
    time = column("bar") * 4 + column("beat") - 1 + place
    return Solo(
        feel,
        Line(
            pitch=column("pitch"),
            position=column("beat") - 1 + place,
            length=np.maximum(np.append(np.diff(time), 1.0), 0.0),
            strong=(column("beat") == 3) & (place == 0),
            first=first,
            last=np.append(first[1:], True),
        ),
        column("onset"),
        column("duration"),
        column("loudness"),
        beat_onset,
        next_onset,
        place,
        column("division") == 2,
    )


def swing(solos: Sequence[Solo]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of every pair of eighths: feel, beats per minute, places of both notes between their beat and
    the next one, `(pairs,)` and `(pairs, 2)`; and the ratio of the two durations, nan where no note
    begins the next beat."""
    feels, tempos, places, ratios = [], [], [], []
    for each in solos:
        for k in range(len(each.onset) - 1):
            pair = each.halves[k] and each.halves[k + 1] and each.beat[k] == each.beat[k + 1]
            alone = (k == 0 or each.beat[k - 1] != each.beat[k]) and (
                k + 2 == len(each.onset) or each.beat[k + 2] != each.beat[k]
            )
            beat = each.next_beat[k] - each.beat[k]
            if not (pair and alone and each.place[k] == 0 and beat > 0):
                continue
            both = (each.onset[k : k + 2] - each.beat[k]) / beat
            if abs(both[0]) > MAX_LAG or not 0 < both[1] < 1:
                continue
            ratio = np.nan
            if k + 2 < len(each.onset) and each.beat[k + 2] == each.next_beat[k]:
                second = each.onset[k + 2] - each.onset[k + 1]
                if each.place[k + 2] == 0 and second > 0:
                    ratio = (each.onset[k + 1] - each.onset[k]) / second
            feels.append(each.feel)
            tempos.append(60 / beat)
            places.append(both)
            ratios.append(ratio)
    return np.array(feels), np.array(tempos), np.array(places), np.array(ratios)


def swing_table(solos: Sequence[Solo]) -> None:
    """Prints medians by feel and tempo, and the constants of the swing ratio."""
    feels, tempos, places, ratios = swing(solos)
    print(
        "\nfeel     beats/min   pairs  on the beat  off-beat  swing ratio  quartiles  note to note"
    )
    medians: list[tuple[float, float, int]] = []
    for feel in FEELS:
        for low, high in pairwise(TEMPOS):
            chosen = (feels == feel) & (tempos >= low) & (tempos < high)
            if chosen.sum() < LEAST_NOTES:
                continue
            on, off = np.median(places[chosen], axis=0)
            low_off, high_off = np.percentile(places[chosen, 1], [25, 75])
            ratio = off / (1 - off)
            spread = f"{low_off / (1 - low_off):.2f}-{high_off / (1 - high_off):.2f}"
            print(
                f"{feel:8} {low:4}-{high:<4} {chosen.sum():7}  {on:11.3f}  {off:8.3f}"
                f"  {ratio:11.2f}  {spread:>9}  {np.nanmedian(ratios[chosen]):12.2f}"
            )
            if feel == "SWING" and low >= 110:
                medians.append((float(np.median(tempos[chosen])), ratio, int(chosen.sum())))
    tempo, ratio, count = map(np.array, zip(*medians, strict=True))
    falling = tempo >= 170
    slope, constant = np.polyfit(tempo[falling], ratio[falling], 1, w=np.sqrt(count[falling]))
    highest = np.average(ratio[~falling], weights=count[~falling])
    print(f"\nSWING_RATIO_AT_ZERO = {constant:.2f}")
    print(f"SWING_RATIO_PER_BPM = {slope:.5f}")
    print(f"MAX_SWING_RATIO = {highest:.2f}")
    chosen = (feels == "SWING") & (tempos >= 110)
    fitted = np.clip(constant + slope * tempos[chosen], 1, highest)
    seconds = (places[chosen, 1] - fitted / (1 + fitted)) * 60 / tempos[chosen]
    print(f"TIMING_SPREAD = {robust_spread(seconds):.3f}  # seconds")


def robust_spread(values: np.ndarray) -> float:
    """The standard deviation of a normal distribution with the same quartiles."""
    low, high = np.percentile(values, [25, 75])
    return float((high - low) / 1.349)


def loudness_table(solos: Sequence[Solo]) -> None:
    """Prints the linear model of loudness, relative to the mean of each solo."""
    x = [loudness_features(each.line) for each in solos]
    x = np.concatenate([features - features.mean(axis=0) for features in x])
    y = np.concatenate([each.loudness - each.loudness.mean() for each in solos])
    weights, *_ = np.linalg.lstsq(x, y, rcond=None)
    residuals = y - x @ weights
    print(f"\nloudness of {len(y):,} notes: R2 {1 - residuals.var() / y.var():.3f}")
    print("LOUDNESS = {  # decibels")
    for name, weight in zip(LOUDNESS_FEATURES, weights, strict=True):
        print(f'    "{name}": {weight:.2f},')
    print("}")
    print(f"LOUDNESS_SPREAD = {robust_spread(residuals):.1f}  # decibels")


def articulation_table(solos: Sequence[Solo]) -> None:
    """Prints medians of the share that sounds until the next note, and the linear model of it."""
    shares, features, lengths, tempos, lasts = [], [], [], [], []
    for each in solos:
        seconds = np.append(np.diff(each.onset), np.nan)
        bpm = each.bpm
        with np.errstate(divide="ignore", invalid="ignore"):
            share = each.duration / seconds
            known = (
                (seconds * bpm / 60 <= 4) & (share > 0) & (share <= 1.05) & (each.line.length > 0)
            )
        known &= np.isfinite(bpm) & (bpm > 0)
        known &= ~each.line.last | (each.line.length <= PHRASE_GAP)
        line = Line(*(array[known] for array in each.line))
        shares.append(share[known])
        features.append(articulation_features(line, bpm[known]))
        lengths.append(line.length)
        tempos.append(bpm[known])
        lasts.append(line.last)
    share, x = np.concatenate(shares), np.concatenate(features)
    length, bpm = np.concatenate(lengths), np.concatenate(tempos)
    last = np.concatenate(lasts)
    print(
        "\nshare that sounds (median)   " + "".join(f"{f'{a}-{b}':>9}" for a, b in pairwise(TEMPOS))
    )
    classes = (("up to a sixteenth", 0, 0.26), ("triplet", 0.26, 0.4), ("eighth", 0.4, 0.6))
    classes += (("up to a quarter", 0.6, 1.01), ("longer", 1.01, 4.1))
    for name, low, high in classes:
        cells = ""
        for slow, fast in pairwise(TEMPOS):
            chosen = (length > low) & (length <= high) & (bpm >= slow) & (bpm < fast) & ~last
            cells += (
                f"{np.median(share[chosen]):9.2f}" if chosen.sum() >= LEAST_NOTES else f"{'':9}"
            )
        print(f"{name:29}{cells}")
    chosen = last & (length <= PHRASE_GAP)
    print(
        f"last of a phrase, next within a beat: {np.median(share[chosen]):.2f} of {chosen.sum():,}"
    )
    weights, *_ = np.linalg.lstsq(x, share, rcond=None)
    residuals = share - x @ weights
    print(f"articulation of {len(share):,} notes: R2 {1 - residuals.var() / share.var():.3f}")
    print(f"REFERENCE_BPM = {REFERENCE_BPM}")
    print("ARTICULATION = {  # share of the time until the next note")
    for name, weight in zip(ARTICULATION_FEATURES, weights, strict=True):
        print(f'    "{name}": {weight:.3f},')
    print("}")
    print(f"SHARE_SPREAD = {robust_spread(residuals):.2f}")
    print(f"MIN_SHARE, MAX_SHARE = {MIN_SHARE}, {MAX_SHARE}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="folder with the tables of the database")
    solos = list(read_solos(parser.parse_args().folder))
    notes = sum(len(each.onset) for each in solos)
    print(f"{len(solos)} solos in 4/4 with loudness, {notes:,} notes")
    swing_table(solos)
    swinging = [each for each in solos if each.feel == "SWING"]
    loudness_table(swinging)
    articulation_table(swinging)


if __name__ == "__main__":
    main()
