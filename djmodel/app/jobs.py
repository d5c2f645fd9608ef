"""The work behind each address of the protocol: bytes in, bytes out. It runs in a process of its
own, or in a thread."""

from __future__ import annotations

import io
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from djmodel.app import charts
from djmodel.app.answers import answer, bars_from
from djmodel.app.charts import chart, written_out
from djmodel.app.events import Json, melody_json
from djmodel.app.melodies import check_notes, with_melody
from djmodel.app.messages import (
    PROTOCOL,
    AnswerRequest,
    ChartRequest,
    ExportRequest,
    RequestError,
    SessionChorus,
    SheetRequest,
    SoloRequest,
    config_of,
    decoded,
    melody_notes,
)
from djmodel.app.models import Source
from djmodel.app.sessions import MEDIA_TYPES, export
from djmodel.app.solos import looped_changes, solo
from djmodel.inputs.chart import chart_text
from djmodel.model.model_file import DjModel
from djmodel.music.charts.errors import ChangesError
from djmodel.music.meter import COMMON_TIME
from seqmodel.errors import FileError, InputError
from seqmodel.settings import SettingError
from seqmodel.text import printable

JSON = "application/json"
MAX_SECONDS_TO_READ = 10.0
_CHARTS = (".txt", ".ls", ".html", ".htm")  # suffixes of changes as text
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """A request: the name of its work, its body, the values of its query, and what it needs of the
    server: models by id (the first is the default), the content of a SoundFont."""

    name: str
    body: bytes = b""
    query: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, Source] = field(default_factory=dict)
    soundfont: bytes | None = None

    @property
    def model(self) -> DjModel:
        return next(iter(self.models.values())).load()


@dataclass(frozen=True)
class Reply:
    """An answer; `filename` is that of a file to be saved."""

    status: int
    content: bytes
    media_type: str = JSON
    filename: str = ""


def run(job: Job) -> Reply:
    """The reply to a job, whatever is in it."""
    try:
        result = _WORK[job.name](job)
    except InputError as error:
        return refusal(error, job)
    except Exception:  # a fault of this program must not end the page
        _log.exception("the request %s failed", job.name)
        message = "the server failed on this request, which is a fault of this program"
        return failure(500, message)
    return result if isinstance(result, Reply) else ok(result)


def ok(content: Json) -> Reply:
    """The reply to a request that succeeded."""
    return Reply(200, msgspec.json.encode({"protocol": PROTOCOL, **content}))


def failure(status: int, message: str, hint: str = "", fault: str = "", **more: Any) -> Reply:
    """The reply to a request that failed: one line. `fault` is the field that is wrong."""
    error = {"message": printable(message), "hint": printable(hint), "field": fault or None}
    return Reply(status, msgspec.json.encode({"protocol": PROTOCOL, "error": {**error, **more}}))


def refusal(error: InputError, job: Job) -> Reply:
    """The reply to a request with an error of the user."""
    if isinstance(error, RequestError):
        return failure(error.status, error.message, error.hint, error.field)
    if isinstance(error, ChangesError):
        text = msgspec.json.decode(job.body, type=dict[str, Any]).get("changes", error.text)
        errors = charts.mistakes(text, COMMON_TIME)
        return failure(422, error.problem, error.hint, "changes", errors=errors)
    fields = error.fields if isinstance(error, SettingError) else ()
    return failure(422, error.message, error.hint, next(iter(fields), ""))


def _describe(job: Job) -> Json:
    [source] = job.models.values()
    return {"model": source.describe()}


def _chart(job: Job) -> Json:
    return chart(decoded(job.body, ChartRequest))


def _solo(job: Job) -> Json:
    return solo(job.model, decoded(job.body, SoloRequest))


def _answer(job: Job) -> Json:
    return answer(job.model, decoded(job.body, AnswerRequest))


def _sheet(job: Job) -> Json:
    from djmodel.outputs.notation.lead_sheet import PHONE, SCREEN, sheet_of_part
    from djmodel.outputs.notation.written_part import written_part

    request = decoded(job.body, SheetRequest)
    config = config_of(request)
    if request.bars is None:
        tune = looped_changes(job.model, config)
    else:
        tune = bars_from(job.model, config, request.bar, request.bars)
    check_notes(request.melody, tune.length, "melody")
    part = written_part(with_melody(tune, melody_notes(request.melody)))
    papers = {"wide": SCREEN, "narrow": PHONE}
    return {
        name: sheet_of_part(part, paper, heading=False, seed=number, timed=True).svg
        for number, (name, paper) in enumerate(papers.items(), start=1)
    }


def _tune(job: Job) -> Json:
    from djmodel.inputs.limits import Limits
    from djmodel.inputs.music_files import SUFFIXES
    from djmodel.inputs.reader import read_tune

    name = job.query.get("name", "")
    suffix = Path(name).suffix.lower()
    if suffix in _CHARTS:
        with _as_file(job.body, f"chart{suffix}") as path:
            return {"name": printable(name, 100), "changes": chart_text(str(path), io.BytesIO())}
    if suffix not in SUFFIXES:
        known = ", ".join((*SUFFIXES, *_CHARTS))
        message = f"the name must end in {known}, not in '{suffix:.10}'"
        raise RequestError(message, field="name")
    with _as_file(job.body, f"tune{suffix}") as path:
        tune = read_tune(path, limits=Limits(max_seconds=MAX_SECONDS_TO_READ))
    text = written_out(tune)
    read = chart(ChartRequest(text))
    if not read["ok"]:
        error = read["errors"][0]
        raise RequestError(error["message"], field="changes", hint=error["hint"])
    start = tune.starts[1] if tune.has_pickup else tune.starts[0]
    melody = [note for note in tune.melody_notes() if note.onset >= start]
    return {"name": printable(name, 100), **read, "melody": melody_json(melody, start)}


def _export(job: Job) -> Reply:
    request = decoded(job.body, ExportRequest)
    default = next(iter(job.models))

    def model_of(played: SessionChorus) -> DjModel:
        """The model of a chorus; the default one, without a player, if it is gone."""
        name = played.settings.model or default  # type: ignore[attr-defined]
        if name in job.models:
            return job.models[name].load()
        played.settings.player = None  # type: ignore[attr-defined]
        return job.model

    kind = job.query.get("format", "midi")
    if job.soundfont is None:
        content = export(request, model_of, kind, None)
    else:
        with _as_file(job.soundfont, "sounds.sf2") as path:
            content = export(request, model_of, kind, path)
    media_type, suffix = MEDIA_TYPES[kind]
    return Reply(200, content, media_type, f"session{suffix}")


def _soundfont(job: Job) -> Json:
    from djmodel.outputs.audio import check_soundfont

    with _as_file(job.body, "sounds.sf2") as path:
        check_soundfont(path)
    return {}


@contextmanager
def _as_file(content: bytes, name: str) -> Iterator[Path]:
    """A file with `content`, which is gone afterwards. Raises FileError for an empty one."""
    if not content:
        raise FileError("the file is empty", hint="choose another file")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        yield path


_WORK: Mapping[str, Callable[[Job], Json | Reply]] = {
    "describe": _describe,
    "chart": _chart,
    "solo": _solo,
    "answer": _answer,
    "sheet": _sheet,
    "tune": _tune,
    "export": _export,
    "soundfont": _soundfont,
}
