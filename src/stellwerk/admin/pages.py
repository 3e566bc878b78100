"""Lists in pages: a cursor says after which entry the next page begins, so that deep pages cost what the first does."""

from __future__ import annotations

import base64
import heapq
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Generic, TypeVar

import sqlalchemy as sa
from fastapi import Query
from pydantic import BaseModel, Field

from stellwerk.admin.problems import Place, Problem

MOST = 200
Item = TypeVar("Item")

Size = Annotated[int, Query(alias="limit", ge=1, le=MOST, description="Most entries of a page.")]
Cursor = Annotated[
    str | None, Query(max_length=1024, description="`next` of the page before; its filters have to be sent again.")
]


class Page(BaseModel, Generic[Item]):
    """A part of a list."""

    items: list[Item]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last one.")


def position(cursor: str | None, length: int) -> tuple[str, ...] | None:
    """Where a page begins: the sort values of the last entry before it. Raises 422."""
    if cursor is None:
        return None
    try:
        found = json.loads(base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True))
    except ValueError:
        found = None
    is_sound = isinstance(found, list) and len(found) == length
    if not is_sound or not all(isinstance(piece, str) and "\0" not in piece for piece in found):
        raise Problem(422, "1 fault", errors=[Place(pointer="#/query/cursor", detail="a cursor that a page has given")])
    return tuple(found)


def cut(rows: Sequence[Any], size: int, place: Callable[[Any], tuple[str, ...]]) -> tuple[Sequence[Any], str | None]:
    """The rows of the page, of which one more was asked for, and the cursor of the next one."""
    if len(rows) <= size:
        return rows, None
    written = json.dumps(list(place(rows[size - 1])), separators=(",", ":")).encode()
    return rows[:size], base64.urlsafe_b64encode(written).decode()


def after(
    query: sa.Select[Any], columns: Sequence[sa.ColumnElement[Any]], start: tuple[str, ...] | None, size: int
) -> sa.Select[Any]:
    """The query, in the order of the columns, from behind ``start``, with one row more than the page has."""
    if start is not None:
        query = query.where(sa.tuple_(*columns) > sa.tuple_(*(sa.literal(piece) for piece in start)))
    return query.order_by(*columns).limit(size + 1)


def merged(
    connection: sa.Connection, queries: Sequence[sa.Select[Any]], place: Callable[[Any], tuple[str, ...]], size: int
) -> list[Any]:
    """The first rows of several queries together, each of which is in order and can use an index of its own."""
    found: Iterator[Any] = heapq.merge(*(connection.execute(query).all() for query in queries), key=place)
    return [row for row, _ in zip(found, range(size + 1), strict=False)]
