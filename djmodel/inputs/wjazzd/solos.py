"""Solos of a jazz database -> tunes: from `wjazzd.db`, from its tables, or from a bundle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from djmodel.inputs.collector import collector_paused
from djmodel.inputs.limits import DEFAULT, Deadline
from djmodel.inputs.wjazzd.bundle import BUNDLE_SUFFIX, read_bundle, read_header
from djmodel.inputs.wjazzd.database import DATABASE_SUFFIXES, read_database
from djmodel.inputs.wjazzd.melody import PlacementReport
from djmodel.inputs.wjazzd.records import Solo, SoloInfo, Unreadable
from djmodel.inputs.wjazzd.solo_filter import SoloFilter
from djmodel.inputs.wjazzd.solo_to_tune import tune_of_solo
from djmodel.inputs.wjazzd.tables import TABLES, is_folder_of_tables, read_tables
from djmodel.music.tune import Tune
from seqmodel.errors import CorpusError, FileError

BUNDLE = f"solos{BUNDLE_SUFFIX}"


@dataclass(frozen=True, slots=True)
class SoloResult:
    """A solo with its tune, or with the reason why there is none. `note`: that reason, or what
    reading changed."""

    info: SoloInfo
    tune: Tune | None
    note: str = ""
    placement: PlacementReport = PlacementReport()


def is_solo_database(path: Path) -> bool:
    """True for a file by its name, and for a folder by what is in it."""
    if path.is_dir():
        return is_folder_of_tables(path) or (path / BUNDLE).is_file()
    name = path.name.lower()
    return name.endswith((*DATABASE_SUFFIXES, BUNDLE_SUFFIX))


def files_of(path: Path) -> list[Path]:
    """The files that are read of a file or a folder."""
    if not path.is_dir():
        return [path]
    if (path / BUNDLE).is_file():
        return [path / BUNDLE]
    return [path / name for name in TABLES]


@collector_paused()
def read_solos(
    path: str | Path,
    chosen: SoloFilter = SoloFilter(),
    *,
    without_chords: bool = False,
    deadline: Deadline | None = None,
) -> list[SoloResult]:
    """The solos of a database: `wjazzd.db`, a folder with `solos.csv`, `notes.csv.gz` and
    `beats.csv.gz`, or a bundle. `without_chords`: also solos that have chords under less than half
    of their notes.

    Raises FileError for a file that is not a database of solos, LimitError for one beyond the
    limits, CorpusError for a choice that leaves nothing.
    """
    path = Path(path)
    deadline = deadline or Deadline(DEFAULT, path)
    stored = list(stored_solos(path, deadline))
    if not stored:
        raise FileError("the database has no solos", path=path, hint="choose another file")
    selected = chosen.choose([solo.info for solo in stored])
    results = []
    for solo, wanted in zip(stored, selected, strict=True):
        deadline()
        if wanted:
            results.append(_result(solo, without_chords))
    return results


def stored_solos(path: Path, deadline: Deadline) -> Iterator[Solo | Unreadable]:
    """The solos of a database as they are stored. Raises FileError and LimitError."""
    if path.is_dir():
        if (path / BUNDLE).is_file():
            return read_bundle(path / BUNDLE, deadline)
        return read_tables(path, deadline)
    if path.name.lower().endswith(BUNDLE_SUFFIX):
        return read_bundle(path, deadline)
    return read_database(path, deadline)


def _result(solo: Solo | Unreadable, without_chords: bool) -> SoloResult:
    if isinstance(solo, Unreadable):
        return SoloResult(solo.info, None, solo.reason)
    try:
        read = tune_of_solo(solo, without_chords=without_chords)
    except CorpusError as error:
        return SoloResult(solo.info, None, error.message)
    return SoloResult(solo.info, read.tune, str(read.placement), read.placement)


def bundled_file() -> Path:
    """The bundled solos of the Weimar Jazz Database."""
    return Path(str(resources.files("djmodel.data") / "wjazzd" / BUNDLE))


@collector_paused()
def bundled_solos(part: str | None = None, *, split: str = "by_composition") -> list[Tune]:
    """The tunes of the bundled solos that have chords: all, or the `part` (train, validation or
    test) of a split. No composition is in two parts of `by_composition`."""
    path = bundled_file()
    wanted = None if part is None else set(bundled_split(split)[part])
    stored = stored_solos(path, Deadline(DEFAULT, path))
    results = (_result(one, False) for one in stored if wanted is None or one.info.id in wanted)
    return [result.tune for result in results if result.tune is not None]


def bundled_split(split: str = "by_composition") -> dict[str, list[str]]:
    """The names of the bundled solos in each part of a split. Raises CorpusError for an unknown
    split."""
    splits = read_header(bundled_file(), Deadline(DEFAULT, bundled_file())).splits
    if split not in splits:
        raise CorpusError(f"the bundled solos have no split '{split}', only {', '.join(splits)}")
    return splits[split]


def total_placement(results: Sequence[SoloResult]) -> PlacementReport:
    """The sum of the changes that reading made in all solos."""
    total = PlacementReport()
    for result in results:
        total = total + result.placement
    return total
