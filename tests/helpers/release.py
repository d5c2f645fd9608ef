"""The last checks of a release, and what to upload. `make release` calls it; it uploads nothing."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def problems(root: Path) -> list[str]:
    """Reasons why the version of the checkout `root` is not ready, each a sentence."""
    setup = ConfigParser()
    setup.read(root / "setup.cfg")
    version = setup["metadata"]["version"]
    found = []
    citation = (root / "CITATION.cff").read_text(encoding="utf-8")
    if f"\nversion: {version}\n" not in citation:
        found.append(f"CITATION.cff does not have the version {version} of setup.cfg")
    changes = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    if not re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", changes, re.MULTILINE):
        found.append(f"CHANGELOG.md has no heading `## [{version}] - YEAR-MONTH-DAY`")
    return found


def contents(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel by name."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def differences(root: Path, wheel: Path) -> list[str]:
    """Files in which a wheel, made from the source distribution, differs from one made directly."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["-m", "build", "--wheel", "--outdir", folder, str(root)]
        subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
        direct = contents(next(Path(folder).glob("*.whl")))
    other = contents(wheel)
    names = sorted(direct.keys() | other.keys())
    return [name for name in names if direct.get(name) != other.get(name)]


def main() -> int:
    folder = Path(sys.argv[1])
    [wheel], [sdist] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    found = problems(ROOT)
    found += [f"{name} depends on how the wheel is built" for name in differences(ROOT, wheel)]
    status = ["git", "-C", str(ROOT), "status", "--porcelain"]
    if subprocess.run(status, capture_output=True, text=True, check=False).stdout:
        found.append("the checkout has changes that are not committed")
    for problem in found:
        print(f"not ready: {problem}")
    if found:
        return 1
    for path in (wheel, sdist):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        print(f"{path}  {path.stat().st_size / 1e6:.1f} MB  sha256 {digest}")
    print(f"upload: twine upload {wheel} {sdist}")
    print(f"then:   git tag v{wheel.name.split('-')[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
