"""A real browser for tests and benchmarks: headless Chromium, driven by selenium."""

from __future__ import annotations

import shutil
import time
from typing import Any

INSTALL = "install it: apt-get install chromium chromium-driver, and pip install selenium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
)


class NoBrowserError(Exception):
    """There is no browser here; the message says how to install it."""


def open_browser(profile: Any, *flags: str) -> Any:
    """A headless Chromium with the folder `profile` for its own files; close it with `quit()`.

    Raises NoBrowserError where selenium, Chromium or its driver is missing.
    """
    try:
        from selenium import webdriver
    except ImportError:
        raise NoBrowserError(f"there is no selenium here; {INSTALL}") from None
    binary = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        raise NoBrowserError(f"there is no chromium with a chromedriver here; {INSTALL}")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={profile}", *flags):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=driver)
    browser = webdriver.Chrome(options=options, service=service)
    browser.set_script_timeout(120)  # seconds; longer than any test waits
    return browser


def resize(browser: Any, width: int, height: int) -> None:
    """Gives the page the size of a screen, in CSS pixels; a narrow one is a phone's."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
    )


def until(browser: Any, script: str, seconds: float = 10.0) -> Any:
    """The result of `script` as soon as it is true, or after `seconds`."""
    end = time.monotonic() + seconds
    while not (found := browser.execute_script(script)) and time.monotonic() < end:
        time.sleep(0.05)
    return found
