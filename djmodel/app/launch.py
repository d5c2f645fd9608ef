"""Starts the page: a socket on the loopback address, and the server behind it."""

from __future__ import annotations

import errno
import logging
import socket
import sys
import threading
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, overload

from djmodel.app.models import Models
from djmodel.inputs.chart import song_text
from djmodel.model.model_file import DjModel, model_path
from djmodel.music.changes import parse_changes
from djmodel.music.charts.ireal.links import has_link, read_playlist
from djmodel.music.tune import Tune
from djmodel.outputs.audio import Sound, render
from djmodel.outputs.performance.perform import Performance
from seqmodel.errors import InputError
from seqmodel.extras import require_package
from seqmodel.parallel.threads import cpu_count
from seqmodel.settings import Setting, SettingError, checked
from seqmodel.text import html_text

if TYPE_CHECKING:
    import uvicorn

    from djmodel.app.workers import Workers

HOST = "127.0.0.1"
_SECONDS_TO_CLOSE = 2


def listen(port: int) -> socket.socket:
    """A socket on the loopback address; port 0 is any free one. Raises SettingError for a port that
    is taken or not allowed."""
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows would share the port
            server.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((HOST, port))
        server.listen(128)
    except OSError as error:
        server.close()
        if error.errno == errno.EADDRINUSE:
            message = f"port {port} is taken by another program, or by this page in another window"
        else:
            message = f"port {port} cannot be used ({(error.strerror or str(error)).lower()})"
        with listen(0) as free:
            hint = f"port {free.getsockname()[1]} is free; `lsof -i :{port}` names the program"
        raise SettingError(message, "port", hint=hint) from error
    return server


def check_packages() -> None:
    """Raises MissingPackageError if the packages of the extra `play` are not installed."""
    for module in ("starlette", "uvicorn"):
        require_package(module, "to serve the page", '"djmodel[play]"')


def opening_changes(text: str, song: str | None = None) -> str:
    """The changes that a page opens with: a chart, `song` of a playlist of iReal Pro, or the whole
    playlist, from which the page lets choose. Raises as `parse_changes` and `song_text`."""
    if song is None and has_link(text) and len(read_playlist(text).songs) > 1:
        return text
    text, song = song_text(text, song)
    parse_changes(text, song=song)
    return text


class Page:
    """The page of some models, served on the loopback address until it is closed. `start` is what
    it opens with: changes, settings. Raises MissingPackageError, and SettingError for a port."""

    def __init__(
        self, models: Models, port: int, start: Mapping[str, Any], *, processes: bool = False
    ) -> None:
        check_packages()
        import uvicorn

        from djmodel.app.server import Server, application
        from djmodel.app.workers import ProcessWorkers, ThreadWorkers

        self._socket = listen(port)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}/"
        self._workers: Workers = (
            ProcessWorkers(cpu_count(), models.find(None)) if processes else ThreadWorkers()
        )
        hosts = tuple(f"{name}:{self.port}" for name in (HOST, "localhost"))
        config = uvicorn.Config(
            application(Server(models, self._workers, start), hosts),
            log_level=logging.CRITICAL,
            access_log=False,
            proxy_headers=False,
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=_SECONDS_TO_CLOSE,
        )
        self._server: uvicorn.Server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None
        # Not `join`: of a thread that was joined when Ctrl-C came, Python 3.11 thinks it has ended.
        self._ended = threading.Event()

    def run(self) -> None:
        """Serves until Ctrl-C."""
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._end()
            self._ended.set()

    def begin(self) -> Page:
        """Serves in a thread, and returns."""
        self._thread = threading.Thread(target=self.run, daemon=True)
        self._thread.start()
        return self

    def wait(self) -> None:
        """Waits until the page is closed, by `close` or by Ctrl-C: for a script that would end
        before."""
        try:
            while self._thread is not None and not self._ended.wait(0.5):
                pass
        except KeyboardInterrupt:
            self.close()

    def close(self) -> None:
        """Ends the server."""
        self._server.should_exit = True
        if self._thread is not None:
            self._ended.wait(_SECONDS_TO_CLOSE + 3)
            self._thread = None
        self._end()

    def _end(self) -> None:
        self._workers.close()
        self._socket.close()

    def open(self) -> None:
        """Opens the page in the browser."""
        webbrowser.open(self.url)

    def __repr__(self) -> str:
        return f"Page({self.url!r})"

    def _repr_html_(self) -> str:
        """The page within a notebook that runs on the same machine, and its address, which opens
        it where a notebook shows no other pages."""
        address = html_text(self.url)
        return (
            f'<p><a href="{address}" target="_blank" rel="noopener">{address}</a>'
            " until it is ended: <code>close()</code></p>"
            f'<iframe src="{address}" title="djmodel" allow="midi; autoplay; clipboard-write"'
            ' style="width:100%;height:40rem;border:0"></iframe>'
        )


@overload
def play(
    music: Tune | Performance | str | Path, *, soundfont: str | Path | None = None
) -> Sound: ...


@overload
def play(
    music: DjModel | str | Path, changes: str | Tune, *, port: int = 0, browser: bool | None = None
) -> Page: ...


@checked
def play(
    music: DjModel | Tune | Performance | str | Path,
    changes: str | Tune | None = None,
    *,
    soundfont: str | Path | None = None,
    port: Annotated[int, Setting("Port of the page.", minimum=0, maximum=65_535)] = 0,
    browser: bool | None = None,
) -> Sound | Page:
    """The sound of a tune; or, of a model and changes, a page that improvises over them with you.

    `play(tune)` renders a tune or a MIDI file, with `soundfont` or the bundled one; a notebook
    shows a player. `play(model, "blues-in-F")` serves the page from a thread, at a free `port`, and
    shows it in a notebook or opens the `browser`; `close()` ends it, and `wait()` waits for that or
    for Ctrl-C. The model may be its file, or the name of a bundled one.

    Raises what `render` raises; MissingPackageError without the packages of the extra `play`,
    ChangesError for changes that cannot be read, ModelFileError for a file that is not a model.
    """
    if changes is None:
        if isinstance(music, DjModel):
            hint = 'play(model, "blues-in-F") opens a page, play(tune) is the sound of a tune'
            raise InputError("a model needs changes to play over", hint=hint)
        return render(music, soundfont)
    if isinstance(music, (Tune, Performance)):
        raise InputError("changes are played over by a model, not by a tune", hint="name a model")
    check_packages()
    if isinstance(changes, Tune):
        from djmodel.app.charts import written_out

        changes = written_out(changes)
    changes = opening_changes(changes)
    given = music if isinstance(music, DjModel) else model_path(Path(music))
    models = Models(given)
    models.find(None).load()
    page = Page(models, port, {"changes": changes, "settings": {}}).begin()
    if browser is True or (browser is None and not _in_notebook()):
        page.open()
    return page


def _in_notebook() -> bool:
    """True in a kernel, which shows the page itself."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")
