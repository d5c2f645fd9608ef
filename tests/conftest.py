"""What several tests need: the music that comes along, and the course's file where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def rags() -> list[Path]:
    return sorted((ROOT / "data" / "rags").glob("*.mid"))


@pytest.fixture(scope="session")
def metheny() -> Path:
    """The course's MIDI file, which may not be redistributed: a user's own copy."""
    for folder in (ROOT / "data", ROOT.parent / "shared" / "data"):
        if (folder / "original_metheny.mid").exists():
            return folder / "original_metheny.mid"
    pytest.skip("data/original_metheny.mid is not here")
