"""Ctrl-C and SIGTERM: one KeyboardInterrupt, which is not lost and does not cut off a file."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
IMPATIENCE_SECONDS = 5.0  # in which a signal that follows another one says nothing new
_RETRY_SECONDS = 0.02


@contextmanager
def one_interrupt() -> Iterator[list[int]]:
    """Raises KeyboardInterrupt on Ctrl-C and on SIGTERM, with which systems and job schedulers end
    a program. Yields a list that then holds the number of the signal.

    Signals that follow within IMPATIENCE_SECONDS are ignored: the program is ending already, and
    is writing what it keeps. After a signal they are ignored behind the block, too, where the
    interpreter exits. An interrupt that Python drops, as it does with every exception in a callback
    of the garbage collector (JAX has one) or in a destructor, is raised again.

    Outside the main thread, which alone receives signals, the block changes nothing. A signal that
    is ignored when the block begins, as Ctrl-C is in a background job, remains so.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    deadline, dropped = 0.0, False

    def interrupt(number: int, _: object) -> None:
        nonlocal deadline, dropped
        if received and not dropped and time.monotonic() < deadline:
            return
        received.append(number)
        deadline, dropped = time.monotonic() + IMPATIENCE_SECONDS, False
        raise KeyboardInterrupt

    def send_again() -> None:
        nonlocal dropped
        dropped = True
        _send_to_main_thread(received[0])

    def raise_again(unraisable: sys.UnraisableHookArgs) -> None:
        if not (received and issubclass(unraisable.exc_type, KeyboardInterrupt)):
            hook_before(unraisable)
            return
        # Later, from another thread: an exception that is raised here would be dropped as well.
        later = threading.Timer(_RETRY_SECONDS, send_again)
        later.daemon = True
        with suppress(RuntimeError):  # the interpreter is exiting
            later.start()

    hook_before = sys.unraisablehook
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    handlers = {n: h for n, h in handlers.items() if h not in (signal.SIG_IGN, None)}
    sys.unraisablehook = raise_again
    for number in handlers:
        signal.signal(number, interrupt)
    try:
        yield received
    finally:
        for number, handler in handlers.items():
            signal.signal(number, signal.SIG_IGN if received else handler)
        sys.unraisablehook = hook_before


def _send_to_main_thread(number: int) -> None:
    """Sends a signal that ends a wait of the main thread, such as for a file."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:  # Windows
        signal.raise_signal(number)


@contextmanager
def silent_interrupt() -> Iterator[None]:
    """Ends the process without a traceback on Ctrl-C in the block, in which the program is imported
    and has nothing to keep."""
    is_default = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not is_default or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def own_interrupt() -> Iterator[None]:
    """Keeps Ctrl-C, which a terminal sends to all processes, from those that are started in the
    block: one that is still starting would show a traceback. It comes when the block ends. (On
    Windows the block changes nothing.)"""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker  # not on Windows

    resource_tracker.ensure_running()  # when it starts, it lets Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Delays Ctrl-C and SIGTERM until the end of the block, such as one that writes a model."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []

    def note(number: int, frame: Any) -> None:
        handler = handlers[number]
        try:
            if callable(handler):
                handler(number, frame)  # which ignores what says nothing new when it comes
            else:
                received.append(number)
        except KeyboardInterrupt:
            received.append(number)

    handlers: dict[int, Any] = {number: signal.getsignal(number) for number in SIGNALS}
    handlers = {n: h for n, h in handlers.items() if h not in (signal.SIG_IGN, None)}
    for number in handlers:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if received and callable(handlers[received[0]]):
            raise KeyboardInterrupt
        if received:
            signal.raise_signal(received[0])
