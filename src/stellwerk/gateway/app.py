"""From an accepted request to its endpoint, and from any error to the caller's dialect: the one catch-all."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from stellwerk.errors import IssuerUnavailable, MethodNotAllowed, NotFound, RequestError, StellwerkError
from stellwerk.gateway.defect import report
from stellwerk.gateway.dialect import Dialect
from stellwerk.gateway.endpoints import models, operation
from stellwerk.gateway.endpoints.operation import Operation
from stellwerk.gateway.paths import Paths
from stellwerk.gateway.pipeline import Pipeline
from stellwerk.gateway.reply import JSON, status_of
from stellwerk.gateway.request_id import RequestIds
from stellwerk.gateway.stages.authenticate import ANY
from stellwerk.http.request import BodySink, Request
from stellwerk.supervisor.log import Log

if TYPE_CHECKING:
    from stellwerk.gateway.feedback import Feedbacks

DEFECT = StellwerkError("The gateway failed to serve this request.")
FEEDBACK = b"/v1/feedback"
_MODEL = models.PATH + b"/"


class App:
    """The application of the gateway's front."""

    def __init__(self, pipeline: Pipeline, paths: Paths, operation: Operation, log: Log) -> None:
        self._pipeline = pipeline
        self.paths = paths
        self._operation = operation
        self._log = log
        self._ids = RequestIds()
        self._feedbacks: Feedbacks | None = None

    def handle(self, request: Request) -> None:
        """Answers a whole request; whatever goes wrong on the way becomes an answer too."""
        started_ms = int(time.time() * 1000)
        request_id = self._identify(request, started_ms)
        dialect = self.paths.find(request.path)
        try:
            if dialect is not None and request.method in dialect.methods:
                self._pipeline.run(request, dialect, request_id, started_ms)
            else:
                self._serve_other(request, dialect, request_id)
        except StellwerkError as error:
            self._answer(request, status_of(error), error)
        except Exception as error:  # noqa: BLE001 (the one place where everything ends)
            report(self._log, error, request_id)
            if dialect is not None and request.owner is None:
                self._pipeline.refuse(request, dialect, request_id, started_ms, DEFECT)
            self._answer(request, 500, DEFECT)

    def asks_a_provider(self, request: Request) -> bool:
        """Whether it is one that is accounted for."""
        dialect = self.paths.find(request.path)
        return dialect is not None and request.method in dialect.methods

    def accept(self, request: Request) -> BodySink | None:
        """Turns a large or announced body away before it is sent when its sender is nobody."""
        dialect = self.paths.find(request.path)
        if dialect is not None:
            try:
                self._pipeline.caller(request, dialect.name)
            except IssuerUnavailable:
                return None  # nobody can say who it is; by the time the request is whole, that may have changed
        return None

    def refusal(self, error: RequestError, request: Request) -> tuple[bytes, bytes]:
        """The body for a request that ends before it is served."""
        started_ms = int(time.time() * 1000)
        request_id = self._identify(request, started_ms)
        dialect = self.paths.find(request.path)
        if dialect is not None and request.method in dialect.methods:
            self._pipeline.refuse(request, dialect, request_id, started_ms, error)
        told = self.paths.of_errors(request.path)
        return JSON + told.error_fields(error), told.error(error)

    def _answer(self, request: Request, status: int, error: StellwerkError) -> None:
        told = self.paths.of_errors(request.path)
        request.respond(status, JSON + told.error_fields(error), told.error(error))

    def _identify(self, request: Request, started_ms: int) -> str:
        """Gives the request an id, which every answer to it carries."""
        request_id = self._ids.new(started_ms)
        cors = self._pipeline.configuration.cors
        line = b"x-request-id: %b\r\n" % request_id.encode()
        request.extra_fields = line if cors is None else line + cors.fields(request.headers)
        return request_id

    def _serve_other(self, request: Request, dialect: Dialect | None, request_id: str) -> None:
        configuration = self._pipeline.configuration
        path, method = request.path, request.method
        if method == b"OPTIONS":
            self._preflight(request)
        elif path in operation.PATHS:
            _require(request, b"GET", b"HEAD")
            answer = self._operation.answer(path, request.query, request.peer, request.headers, configuration)
            request.respond(*answer)
        elif dialect is not None:
            _require(request, *sorted(dialect.methods))
        elif path == models.PATH or path.startswith(_MODEL):
            _require(request, b"GET", b"HEAD")
            principal = self._pipeline.caller(request, ANY)
            configuration = self._pipeline.configuration
            if path == models.PATH:
                request.respond(200, JSON, models.listing(principal, configuration))
            else:
                name = unquote_to_bytes(path[len(_MODEL) :]).decode("utf-8", "replace")
                request.respond(200, JSON, models.single(name, principal, configuration))
        elif path == FEEDBACK:
            _require(request, b"POST")
            self._feedbacks = feedbacks = self._feedbacks or _feedbacks(self._pipeline)
            feedbacks.take(request, self.paths.of_errors(path), request_id)
        else:
            message = f"Unknown path: {path[:200].decode('ascii', 'replace')}"
            raise NotFound(message)

    def _preflight(self, request: Request) -> None:
        cors = self._pipeline.configuration.cors
        fields = cors.preflight(request.headers) if cors is not None else None
        if fields is None:
            request.extra_fields += b"allow: GET, HEAD, POST\r\n"
            raise MethodNotAllowed("This gateway does not serve OPTIONS, or not for this origin.")
        request.respond(200, fields)


def _feedbacks(pipeline: Pipeline) -> Feedbacks:
    """Takes feedback. Loaded when the first comes."""
    from stellwerk.gateway.feedback import Feedbacks

    return Feedbacks(pipeline)


def _require(request: Request, *methods: bytes) -> None:
    if request.method not in methods:
        request.extra_fields += b"allow: %b\r\n" % b", ".join(methods)
        allowed = b", ".join(methods).decode()
        message = f"{request.method.decode('ascii', 'replace')} is not served at this path; it takes {allowed}."
        raise MethodNotAllowed(message)
