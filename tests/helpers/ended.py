"""Waiting for other processes to end."""

import os
import time


def is_gone(pid: int) -> bool:
    """True as soon as there is no process with this ID; False after ten seconds."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False
