"""The page's server without a socket, and requests to it."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from djmodel.app.jobs import Job, Reply, run
from djmodel.app.models import Models
from djmodel.app.server import Server, application

ADDRESS = "127.0.0.1:8000"
FILE = {"content-type": "application/octet-stream"}
JSON = {"content-type": "application/json"}


class SameThread:
    """Workers that do each job at once."""

    quick = 1

    def submit(self, job: Job, *, long: bool) -> Any:  # noqa: ARG002
        from concurrent.futures import Future

        done: Future[Reply] = Future()
        done.set_result(run(job))
        return done

    def close(self) -> None:
        pass


def client(models: Models | None = None, **start: Any) -> TestClient:
    """A client of the page's server, with the bundled models."""
    server = Server(models or Models(), SameThread(), start)
    return TestClient(
        application(server, (ADDRESS, "localhost:8000")),
        base_url=f"http://{ADDRESS}",
        raise_server_exceptions=False,
    )
