"""Runs the command lines of texts as a newcomer would: word for word, one after another, with the
`djmodel` that is installed, for each text in a folder with nothing but a reader's own files, such
as my.mid.

    python tests/helpers/command_lines.py README.md docs/start.md
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

# Lines that serve until they are ended, train for many minutes, or need an extra or other hosts.
LEFT_OUT = re.compile(
    r"djmodel play|--preset jazz|runs/bebop|--leave-one-out|--hosts|--devices|corpus"
    r"|--install-completion"
)
PROGRAMS = ("djmodel ", "dinos ", "python -m djmodel", "python -m dinos")
BLOCK = re.compile(r"^```(?:sh|bash|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CHART = "title: My Tune\nCm7 | F7 | Bbmaj7 | Ebmaj7 | Am7b5 | D7 | Gm6 | %\n"


def command_lines(text: str) -> list[str]:
    """The lines of the shell blocks of a Markdown text that start a program of the package."""
    lines = [line.strip() for block in BLOCK.findall(text) for line in block.splitlines()]
    lines = [line.removeprefix("$ ") for line in lines]
    return [line for line in lines if line.startswith(PROGRAMS)]


def put_own_files(folder: Path) -> None:
    """Files with the names that the texts give to a reader's own, in `folder`."""
    import djmodel

    music = djmodel.rags()
    for name, rag in zip(("my.mid", "other.mid", "held_out.mid", "tune.mid"), music, strict=False):
        shutil.copy(rag, folder / name)
    (folder / "chart.txt").write_text(CHART, encoding="utf-8")
    (folder / "names.txt").write_text("\n".join(f"{a}{b}ton" for a in "bcdfgk" for b in "aeiou"))
    (folder / "jazz").mkdir()
    shutil.copy(music[0], folder / "jazz")
    data = Path(djmodel.__path__[0]) / "data"
    shutil.copytree(data, folder / "data")  # lines that name a file of the checkout's


def in_an_empty_folder(lines: list[str], forbidden: str) -> int:
    """Runs `lines` one after another, prints how each ends, and counts those that fail or print
    the path `forbidden`."""
    failed = 0
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    settings = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with tempfile.TemporaryDirectory() as name:
        put_own_files(Path(name))
        for line in lines:
            if LEFT_OUT.search(line):
                print(f"left out       {line}")
                continue
            began = time.perf_counter()
            done = subprocess.run(
                line,
                shell=True,
                capture_output=True,
                text=True,
                env=settings | {"PATH": programs},
                cwd=name,
            )
            seconds = time.perf_counter() - began
            ends = "ok" if done.returncode == 0 else "FAILS"
            print(f"{ends:5} {seconds:6.1f} s  {line}", flush=True)
            if done.returncode or forbidden in done.stdout:
                failed += 1
                print(done.stderr[-2000:])
    return failed


def main() -> int:
    checkout = str(Path(__file__).resolve().parents[2])
    print(f"djmodel {version('djmodel')}, Python {sys.version.split()[0]}, in empty folders")
    failed = 0
    for name in sys.argv[1:]:
        print(name)
        failed += in_an_empty_folder(command_lines(Path(name).read_text("utf-8")), checkout)
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
