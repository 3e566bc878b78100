"""Lists in pages: a cursor says after which entry the next page begins, so that deep pages cost what the first does."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import sqlalchemy as sa
from fastapi import Query
from pydantic import BaseModel, Field

from stellwerk.admin.problems import Place, Problem

MOST = 200
FEW = 8
NEAR = 4_000
"""So many rows are looked through as fast as a dozen indexes are looked into."""
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


def rows_of(
    connection: sa.Connection,
    queries: Sequence[sa.Select[Any]],
    columns: Sequence[sa.Column[Any]],
    start: tuple[str, ...] | None,
    size: int,
    near: tuple[sa.Select[Any], sa.Column[str], Sequence[str]] | None = None,
) -> Sequence[Any]:
    """The rows of all queries together, in the order of the columns, from behind ``start``, one more than the page has.

    The queries differ in their conditions alone, and no row is in two of them. Each can use an index of its own; only
    the rows of the page are read whole. ``near`` says the same as one query and the values that a column may have:
    where these are many, the page is mostly found among the next rows of that query.
    """
    if not queries:
        return []
    if near is not None and len(queries) > FEW:
        query, column, values = near
        following = _behind(query, columns, start).order_by(*columns).limit(NEAR).subquery()
        found = sa.select(following).where(following.c[column.key].in_(values))
        order = [following.c[each.key] for each in columns]
        rows = connection.execute(found.order_by(*order).limit(size + 1)).all()
        if len(rows) > size:
            return rows
    bounded = [_behind(query, columns, start).order_by(*columns).limit(size + 1) for query in queries]
    if len(bounded) == 1:
        return connection.execute(bounded[0]).all()
    parts = [sa.select(query.with_only_columns(*columns).subquery()) for query in bounded]
    together = sa.union_all(*parts).subquery()
    page = sa.select(together).order_by(*together.c).limit(size + 1).subquery()
    # A join, since SQLite looks pairs of values up in no index when they stand in a list.
    same = sa.and_(*(column == found for column, found in zip(columns, page.c, strict=True)))
    whole = sa.select(*queries[0].selected_columns).join_from(page, columns[0].table, same)
    return connection.execute(whole.order_by(*columns)).all()


def _behind(query: sa.Select[Any], columns: Sequence[sa.Column[Any]], start: tuple[str, ...] | None) -> sa.Select[Any]:
    if start is None:
        return query
    return query.where(sa.tuple_(*columns) > sa.tuple_(*(sa.literal(piece) for piece in start)))
