"""The server of the page: addresses, who may ask, how much, and which process answers."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from djmodel.app.jobs import JSON, Job, Reply, failure, ok, run
from djmodel.app.messages import (
    SETTINGS,
    ExportRequest,
    ModelOf,
    RequestError,
    decoded,
)
from djmodel.app.models import Models, Source
from djmodel.app.workers import Turns, Workers
from djmodel.config import GenerationConfig
from djmodel.music.accompaniment.styles import STYLES
from djmodel.music.charts.forms import FORMS
from djmodel.outputs.audio import default_soundfont
from seqmodel.errors import InputError
from seqmodel.parallel.pool import Processes
from seqmodel.settings import Field, fields_of

BYTES = "application/octet-stream"
MAX_WAITING = 200  # requests that are worked on or wait
URGENT = ("answer", "chart")  # somebody waits for it; a chorus is asked for ahead of its time
MAX_JSON, MAX_SESSION, MAX_FILE, MAX_SOUNDFONT = 1 << 20, 16 << 20, 32 << 20, 128 << 20  # bytes
STATIC = Path(str(files("djmodel.app"))) / "static"
_HEADERS = {
    # The page loads nothing from elsewhere. The synthesizer is compiled code in a worklet.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval' blob:; worker-src 'self' blob:;"
        " style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data:"
        " blob:; connect-src 'self' data: blob:; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'self' http://localhost:* http://127.0.0.1:*"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Server:
    """The answers of the page's server. `start` is what the page opens with: changes, settings."""

    def __init__(
        self, models: Models, workers: Workers, start: Mapping[str, Any] | None = None
    ) -> None:
        self.models, self.workers, self.start = models, workers, dict(start or {})
        self._turns = Turns(workers.quick)
        self._described: dict[Source, dict[str, Any] | str] = {}
        self._soundfonts: dict[str, bytes] = {}
        self._waiting = 0

    async def page(self, _: Request) -> Response:
        """The page itself."""
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    async def soundfont(self, _: Request) -> Response:
        """The bundled SoundFont."""
        return FileResponse(default_soundfont(), media_type=BYTES)

    async def list_models(self, _: Request) -> Response:
        """The models, and all that the page lets choose from."""
        shown, skipped = [], []
        for source in self.models.sources():
            description = await self._description(source)
            if isinstance(description, str):
                skipped.append({"name": source.name, "message": description})
            else:
                shown.append(description)
        return _response(
            ok(
                {
                    "version": _version(),
                    "default": self.models.default,
                    "models": shown,
                    "skipped": skipped,
                    "forms": [*FORMS],
                    "styles": [*STYLES],
                    "feels": ["swing", "latin", "funk", "ballad"],
                    "settings": settings_json(),
                    "start": self.start,
                }
            )
        )

    async def add_model(self, request: Request) -> Response:
        """Takes a model file, if it is one."""
        content = await _body(request, BYTES, MAX_FILE)
        source = self.models.sent(request.query_params.get("name", ""), content)
        reply = await self._done(Job("describe", models={source.id: source}), long=True)
        if reply.status == 200:
            self.models.add(source)
        return _response(reply)

    async def add_soundfont(self, request: Request) -> Response:
        """Takes a SoundFont, if it can be played; it takes the place of the one before."""
        content = await _body(request, BYTES, MAX_SOUNDFONT)
        reply = await self._done(Job("soundfont", content), long=True)
        if reply.status != 200:
            return _response(reply)
        name = f"soundfont-{hashlib.sha256(content).hexdigest()[:16]}"
        self._soundfonts = {name: content}  # one at a time: they are large
        return _response(ok({"soundfont": name}))

    async def tune(self, request: Request) -> Response:
        """Reads a music file."""
        content = await _body(request, BYTES, MAX_FILE)
        query = {"name": request.query_params.get("name", "")}
        return _response(await self._done(Job("tune", content, query), long=True))

    async def chart(self, request: Request) -> Response:
        """Reads changes."""
        body = await _body(request, JSON, MAX_SESSION)  # a playlist may be long
        return _response(await self._done(Job("chart", body)))

    def about(self, name: str, *, long: bool = False) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint of a job that needs one model."""

        async def endpoint(request: Request) -> Response:
            body = await _body(request, JSON, MAX_JSON)
            asked = decoded(body, ModelOf).settings
            source = self.models.find(asked.model if asked else None)
            return _response(await self._done(Job(name, body, models={source.id: source}), long))

        return endpoint

    async def export(self, request: Request) -> Response:
        """Writes a session as a file."""
        body = await _body(request, JSON, MAX_SESSION)
        asked = decoded(body, ExportRequest)
        sources = {self.models.default: self.models.find(None)}
        for chorus in asked.choruses:
            name = chorus.settings.model  # type: ignore[attr-defined]
            if name is not None and name not in sources:
                try:
                    sources[name] = self.models.find(name)
                except RequestError:
                    continue  # it is gone; what was played is not
        font = None
        if asked.soundfont is not None:
            font = self._soundfonts.get(asked.soundfont)
            if font is None:
                hint = "send it again"
                raise RequestError("the SoundFont is not here", 404, field="soundfont", hint=hint)
        query = {"format": request.query_params.get("format", "midi")}
        return _response(await self._done(Job("export", body, query, sources, font), long=True))

    async def _description(self, source: Source) -> dict[str, Any] | str:
        """The facts of a model that the page shows; the reason if it cannot be read."""
        if source not in self._described:
            # In this process, for the page is open before the workers have started.
            reply = await asyncio.to_thread(run, Job("describe", models={source.id: source}))
            content = msgspec.json.decode(reply.content)
            described = content["model"] if reply.status == 200 else content["error"]["message"]
            self._described[source] = described
        return self._described[source]

    async def _done(self, job: Job, long: bool = False) -> Reply:
        """The reply of a worker. One that ended without a reply is replaced, once. A quick job has
        to wait for its turn here, where a more urgent one can pass it."""
        if self._waiting >= MAX_WAITING:
            hint = "close other pages, or try again"
            return failure(503, f"{MAX_WAITING} requests wait already", hint)
        self._waiting += 1
        try:
            if long:
                return await self._worked_on(job, long=True)
            async with self._turns.of(0 if job.name in URGENT else 1):
                return await self._worked_on(job, long=False)
        finally:
            self._waiting -= 1

    async def _worked_on(self, job: Job, *, long: bool) -> Reply:
        for _ in range(2):
            try:
                return await asyncio.wrap_future(self.workers.submit(job, long=long))
            except Processes.died:
                continue
        return failure(503, "the process that worked on this request ended", "try again")


def settings_json() -> dict[str, dict[str, Any]]:
    """The settings that requests may have, with their bounds, for the page's controls."""
    shown = {field.name: field for field in fields_of(GenerationConfig)}
    return {name: _setting_json(shown[name]) for name in SETTINGS}


def _setting_json(field: Field) -> dict[str, Any]:
    setting = field.setting
    types = {bool: "boolean", int: "integer", float: "number"}
    words = str(field.type)
    kind = types.get(field.type) or next(
        (name for each, name in types.items() if words.startswith(each.__name__)), "text"
    )
    choices = [*STYLES] if field.name == "style" else list(setting.choices)
    bounds = {name: getattr(setting, name) for name in ("minimum", "maximum", "above")}
    return {
        "help": setting.help,
        "type": kind,
        "default": field.default,
        **{name: bound for name, bound in bounds.items() if bound is not None},
        **({"choices": choices} if choices else {}),
    }


def application(server: Server, hosts: tuple[str, ...]) -> ASGIApp:
    """The application of a server that answers to `hosts`, such as 127.0.0.1:8000."""
    routes = [
        Route("/", server.page),
        Mount("/static", StaticFiles(directory=STATIC)),
        Route("/models", server.list_models, methods=["GET"]),
        Route("/models", server.add_model, methods=["POST"]),
        Route("/chart", server.chart, methods=["POST"]),
        Route("/tune", server.tune, methods=["POST"]),
        Route("/solo", server.about("solo"), methods=["POST"]),
        Route("/answer", server.about("answer"), methods=["POST"]),
        Route("/sheet", server.about("sheet", long=True), methods=["POST"]),
        Route("/export", server.export, methods=["POST"]),
        Route("/soundfont", server.soundfont, methods=["GET"]),
        Route("/soundfont", server.add_soundfont, methods=["POST"]),
    ]
    handlers: Any = {InputError: _refused, HTTPException: _refused, ClientDisconnect: _refused}
    return Guard(Starlette(routes=routes, exception_handlers=handlers), hosts)


async def _refused(_: Request, error: Exception) -> Response:
    if isinstance(error, RequestError):
        return _response(failure(error.status, error.message, error.hint, error.field))
    if isinstance(error, HTTPException):
        return _response(failure(error.status_code, error.detail), error.headers)
    message = error.message if isinstance(error, InputError) else "the request was not finished"
    return _response(failure(422, message))


class Guard:
    """Refuses requests of other sites, and adds the headers that keep the page to itself."""

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...]) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # there are none
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in self.hosts or origin not in (None, f"http://{host}"):
            who = f"'{host:.80}'" if host not in self.hosts else f"pages of '{origin or '':.80}'"
            message = f"this server answers to its own page at {self.hosts[0]}, not to {who}"
            await _response(failure(403, message))(scope, receive, send)
            return

        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                own = [(n.lower().encode(), v.encode()) for n, v in _HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", ()), *own]}
            await send(message)

        await self.app(scope, receive, guarded)


async def _body(request: Request, media_type: str, limit: int) -> bytes:
    """The body of a request. Raises RequestError for another type, and for more than `limit`
    bytes."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != media_type:
        raise RequestError(f"the Content-Type must be {media_type}, not '{given:.80}'", 415)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise RequestError(f"it is larger than the {limit >> 20} MB that are read", 413)
        chunks.append(chunk)
    return b"".join(chunks)


def _response(reply: Reply, headers: Mapping[str, str] | None = None) -> Response:
    response = Response(reply.content, reply.status, headers, reply.media_type)
    response.headers["Cache-Control"] = "no-store"
    if reply.filename:
        response.headers["Content-Disposition"] = f'attachment; filename="{reply.filename}"'
    return response


def _version() -> str:
    try:
        return version("djmodel")
    except PackageNotFoundError:
        return ""
