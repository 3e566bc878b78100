"""What the API answers when it does not do what was asked: RFC 9457 problem details that say what, where and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from starlette.exceptions import HTTPException

from stellwerk.errors import StoreUnavailable

MEDIA_TYPE = "application/problem+json"

TITLES = {
    400: "The request cannot be read",
    401: "No valid token",
    403: "The token may not do this",
    404: "There is no such thing",
    405: "The path does not take this method",
    409: "It contradicts what is there",
    412: "It has changed meanwhile",
    413: "The body is too large",
    422: "The request is not valid",
    428: "The version is missing",
    500: "Something went wrong here",
    503: "A database is away",
}


class Place(BaseModel):
    """One fault of a request."""

    pointer: str = Field(description='Where: "#/body/models/0", "#/query/limit", "#/header/if-match".')
    detail: str = Field(description="What was expected.")


class ProblemBody(BaseModel):
    """RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    errors: list[Place] = Field(default=[], description="Every fault that was found.")


class Problem(Exception):
    """Ends a request with a problem."""

    def __init__(self, status: int, detail: str, *, errors: Sequence[Place] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)


def response(
    status: int, detail: str = "", errors: Sequence[Place] = (), headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """A problem as an answer."""
    title = TITLES.get(status, "The request was not carried out")
    body = ProblemBody(title=title, status=status, detail=detail, errors=list(errors))
    return JSONResponse(body.model_dump(), status, dict(headers or {}), media_type=MEDIA_TYPE)


def of_refusal(problem: Problem) -> JSONResponse:
    """A problem as an answer."""
    return response(problem.status, problem.detail, problem.errors)


def of_problem(_: Request, error: Exception) -> JSONResponse:
    """For ``Problem``."""
    if not isinstance(error, Problem):
        raise error
    return of_refusal(error)


def of_validation(_: Request, error: Exception) -> JSONResponse:
    """For requests that do not fit what is declared; the values themselves are not repeated."""
    if not isinstance(error, RequestValidationError):
        raise error
    found = list(error.errors())
    errors = [Place(pointer=_pointer(fault), detail=str(fault["msg"])) for fault in found]
    if any(fault["type"] == "json_invalid" for fault in found):
        return response(400, "the body is not JSON", errors)
    if any(place.pointer == "#/header/if-match" for place in errors) and all(f["type"] == "missing" for f in found):
        return response(428, "send If-Match with the ETag of the version that is to be changed", errors)
    return response(422, f"{len(errors)} fault{'s' if len(errors) > 1 else ''}", errors)


def of_http(_: Request, error: Exception) -> JSONResponse:
    """For unknown paths and methods."""
    if not isinstance(error, HTTPException):
        raise error
    return response(error.status_code, headers=error.headers)


def of_store(_: Request, error: Exception) -> JSONResponse:
    """For a database or an audit log that is away: nothing was changed."""
    if isinstance(error, IntegrityError):
        return response(409, "somebody else made the same thing at this moment")
    if isinstance(error, StoreUnavailable):
        return response(503, f"nothing was changed: {error.message}")
    return response(503, "nothing was changed: the control database cannot be used now")


HANDLERS: dict[int | type[Exception], Any] = {
    Problem: of_problem,
    RequestValidationError: of_validation,
    HTTPException: of_http,
    StoreUnavailable: of_store,
    SQLAlchemyError: of_store,
}


def _pointer(fault: Mapping[str, Any]) -> str:
    pieces = [str(piece).replace("~", "~0").replace("/", "~1") for piece in fault["loc"]]
    return "#/" + "/".join(pieces)
