r"""Lists of JSON objects as tables: a notation of our own from which every value can be read again.

A list of three or more objects with mostly the same members, in the same order, becomes::

    <rows 3>
    id,name,owner.login,kind=repo
    1,lamp,ada,
    2,"a, b",bob
    3,,~
    </rows>

``3`` is how many rows follow. The line after it names the columns; ``owner.login`` is a member of an object in
``owner``, and ``kind=repo`` holds for every row and has no cell in them. Cells are written as JSON, but strings lose
their quotes where nothing else could be meant. An empty cell is ``null``, a tilde a member that the row does not have.
Another separator than the comma stands behind the number of rows. Everything around a table stays JSON. A list that
was cut before its end is an ``open`` table, behind which the rest of it stands as it was. Objects with a line each are
a table of ``lines``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from stellwerk.core.optimization import weigh
from stellwerk.text.json_values import MOST_DEEP, NoValue, Number, depth, minified, raw_value, value, written

LEAST_ROWS = 3
MOST_COLUMNS = 256
_FULL = 0.5
"""So much of a table has to be filled."""
_SEPARATORS = (",", "|", ";", "\t")
_NULL, _MISSING = "", "~"
_ABSENT = object()

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*+)(?:\.\d++)?(?:[eE][+-]?\d++)?")
_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$\-/ ]*+")
_UNCLEAR = re.compile(
    r"""[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|^[\s"{\[<~]|\s$|</?rows|^(?:true|false|null)$"""
)
_BLOCK = re.compile(r"<rows (\d{1,9})( open| lines)?(?: ([|;\t]))?>\n")
_SPACE = re.compile(r"[ \t\r\n]*+")
_CLOSE = "</rows>"

_Path = tuple[str, ...]


def encoded(text: str) -> str:
    """A JSON text with its lists as tables where that is shorter, else compact; it may break off at any place.

    Raises ``NoValue`` for what is too deep.
    """
    try:
        return _written(value(text))
    except NoValue:
        if depth(text) > MOST_DEEP:
            raise
    return _written_open(text)


def decoded(text: str) -> str:
    """Any text with its tables as JSON again; what is no table of ours stays as it is."""
    written_again: list[str] = []
    at = 0
    while (mark := _BLOCK.search(text, at)) is not None:
        try:
            rows, end = _read_table(text, mark)
        except (NoValue, IndexError):
            written_again.append(text[at : mark.end()])
            at = mark.end()
            continue
        written_again += (text[at : mark.start()], _RESTORED[mark[2]](rows))
        at = end
    written_again.append(text[at:])
    return "".join(written_again)


def encoded_lines(text: str) -> str:
    """Objects with a line each as a table where that is shorter, else compact. Raises ``NoValue``."""
    rows = [value(line) for line in text.split("\n")]
    plain = "\n".join(map(_written, rows))
    table = _table(rows, " lines")
    return table if table is not None and weigh(table) < weigh(plain) else plain


_RESTORED: dict[str | None, Callable[[list[Any]], str]] = {
    None: written,
    " open": lambda rows: written(rows)[:-1],
    " lines": lambda rows: "\n".join(map(written, rows)),
}


# -- writing


def _written(held: Any) -> str:
    if isinstance(held, dict):
        return "{" + ",".join([f"{written(key)}:{_written(inner)}" for key, inner in held.items()]) + "}"
    if isinstance(held, list):
        plain = "[" + ",".join(map(_written, held)) + "]"
        table = _table(held)
        return table if table is not None and weigh(table) < weigh(plain) else plain
    return written(held)


def _written_open(text: str) -> str:
    """JSON that breaks off: what is whole in it is written anew, down to the place where it ends."""
    pieces: list[str] = []
    at = 0
    while at < len(text) and text[at] in "[{":
        bracket = text[at]
        held, after = _elements(text, at + 1) if bracket == "[" else _members(text, at + 1)
        plain = bracket + ",".join(held.texts)
        table = _table(held.values, " open") if bracket == "[" else None
        pieces.append(table if table is not None and weigh(table) < weigh(plain) else plain)
        at = after
        if held.lead:
            pieces.append(held.lead)
    pieces.append(minified(text[at:]))
    return "".join(pieces)


class _Held:
    """What is whole in a list or an object that breaks off, and what leads to the rest of it."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.texts: list[str] = []
        self.lead = ""


def _elements(text: str, at: int) -> tuple[_Held, int]:
    """The whole elements of a list, and where the first one begins that is not."""
    held = _Held()
    while True:
        at = _behind_space(text, at)
        element = _whole(text, at)
        if element is None:
            return held, at
        held.values.append(element[0])
        held.lead = ""
        held.texts.append(_written(element[0]))
        at = element[1]
        if not text.startswith(",", at):
            return held, at
        at += 1
        held.lead = ","


def _members(text: str, at: int) -> tuple[_Held, int]:
    """The whole members of an object, and where the value begins of the first one that is not."""
    held = _Held()
    while True:
        at = _behind_space(text, at)
        comma = held.lead
        name = _whole(text, at) if text.startswith('"', at) else None
        if name is None or not text.startswith(":", name[1]):
            return held, at
        start = _behind_space(text, name[1] + 1)
        member = _whole(text, start)
        if member is None:
            held.lead = f"{comma}{written(name[0])}:"
            return held, start
        held.texts.append(f"{written(name[0])}:{_written(member[0])}")
        at = member[1]
        held.lead = ""
        if not text.startswith(",", at):
            return held, at
        at += 1
        held.lead = ","


def _whole(text: str, at: int) -> tuple[Any, int] | None:
    """A value that something follows, and where that stands; ``None`` where it may go on."""
    try:
        found, end = raw_value(text, at)
    except NoValue:
        return None
    end = _behind_space(text, end)
    return (found, end) if end < len(text) else None


def _behind_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return at if space is None else space.end()


def _table(rows: list[Any], state: str = "") -> str | None:
    """A list as a table, if it can be one."""
    if len(rows) < LEAST_ROWS or not all(isinstance(row, dict) and row for row in rows):
        return None
    columns = _columns(rows)
    if columns is None or len(columns) < 2:
        return None
    cells = {path: [_at(row, path) for row in rows] for path in columns}
    if sum(cell is not _ABSENT for column in cells.values() for cell in column) < _FULL * len(columns) * len(rows):
        return None
    separator = _separator(cells.values())
    head: list[str] = []
    varying: list[list[str]] = []
    for path, column in cells.items():
        name = ".".join(map(_key, path))
        texts = [_cell(cell, separator) for cell in column]
        if texts[0] != _MISSING and texts.count(texts[0]) == len(texts):
            head.append(f"{name}={texts[0]}")
        else:
            head.append(name)
            varying.append(texts)
    lines = map(separator.join, zip(*varying, strict=True)) if varying else ("" for _ in rows)
    mark = "" if separator == "," else f" {separator}"
    return f"<rows {len(rows)}{state}{mark}>\n{separator.join(head)}\n" + "\n".join(lines) + f"\n{_CLOSE}"


def _columns(rows: Sequence[dict[str, Any]]) -> list[_Path] | None:
    """The paths of all columns in their order; ``None`` where rows disagree about it."""
    order = _order(rows)
    if order is None:
        return None
    columns: list[_Path] = []
    for name in order:
        held = [row.get(name) for row in rows]
        inner = _columns(held) if all(isinstance(each, dict) and each for each in held) else None  # type: ignore[arg-type]  # they are
        if inner is None or len({len(each) for each in held if isinstance(each, dict)}) > 1:
            columns.append((name,))
        else:
            columns += [(name, *path) for path in inner]
    return columns


def _order(rows: Sequence[dict[str, Any]]) -> list[str] | None:
    """The members of all rows in an order that each row keeps; ``None`` where there is none."""
    order = list(rows[0])
    known = set(order)
    for row in rows:
        if row.keys() <= known:
            continue
        at = 0
        for name in row:
            if name in known:
                at = order.index(name) + 1
            else:
                order.insert(at, name)
                known.add(name)
                at += 1
        if len(order) > MOST_COLUMNS:
            return None
    for row in rows:
        names = list(row)
        if names != (order if len(names) == len(order) else [name for name in order if name in row]):
            return None
    return order


def _at(row: Any, path: _Path) -> Any:
    for name in path:
        row = row.get(name, _ABSENT)
    return row


def _separator(columns: Any) -> str:
    """The separator that the fewest strings hold."""
    strings = "\0".join([cell for column in columns for cell in column if isinstance(cell, str)])
    return min(_SEPARATORS, key=strings.count) if "," in strings else ","


def _cell(held: Any, separator: str) -> str:
    if held is None:
        return _NULL
    if held is _ABSENT:
        return _MISSING
    if isinstance(held, str) and not isinstance(held, Number):
        is_clear = held and separator not in held and not _UNCLEAR.search(held) and not _NUMBER.fullmatch(held)
        return held if is_clear else _guarded(written(held))
    return _guarded(written(held))


def _guarded(json_text: str) -> str:
    """JSON that does not look like the end of a table, or the beginning of another."""
    return json_text.replace("</rows", "\\u003c/rows").replace("<rows", "\\u003crows")


def _key(name: str) -> str:
    return (
        name if _PLAIN_KEY.fullmatch(name) and not name.endswith(" ") else _guarded(written(name)).replace("\t", "\\t")
    )


# -- reading


def _read_table(text: str, mark: re.Match[str]) -> tuple[list[Any], int]:
    """The rows of a table and where it ends. Raises ``NoValue`` or ``IndexError`` where it is none."""
    count, separator = int(mark[1]), mark[3] or ","
    close = text.find(_CLOSE, mark.end())
    if close < 0 or text.find("<rows ", mark.end(), close) >= 0 or depth(text[mark.end() : close]) > MOST_DEEP:
        raise NoValue("no end, or no table of ours")
    head, at = _read_head(text, mark.end(), separator)
    varying = [path for path, constant in head if constant is _ABSENT]
    rows: list[Any] = []
    for _ in range(count):
        if varying:
            cells, at = _read_line(text, at, separator)
            if len(cells) != len(varying):
                raise NoValue("a row with other columns")
        elif text[at] == "\n":
            cells, at = [], at + 1
        else:
            raise NoValue("fewer rows than were said")
        given = iter(cells)
        row: dict[str, Any] = {}
        for path, constant in head:
            held = next(given) if constant is _ABSENT else constant
            if held is not _ABSENT:
                _put(row, path, held)
        rows.append(row)
    if not text.startswith(_CLOSE, at):
        raise NoValue("more rows than were said")
    return rows, at + len(_CLOSE)


def _read_head(text: str, at: int, separator: str) -> tuple[list[tuple[_Path, Any]], int]:
    head: list[tuple[_Path, Any]] = []
    while True:
        path: list[str] = []
        while True:
            if text[at] == '"':
                name, at = raw_value(text, at)
            else:
                plain = _PLAIN_KEY.match(text, at)
                if plain is None:
                    raise NoValue("no name of a column")
                name, at = plain[0], plain.end()
            path.append(name)
            if text[at] != ".":
                break
            at += 1
        constant: Any = _ABSENT
        if text[at] == "=":
            constant, at = _read_cell(text, at + 1, separator)
        head.append((tuple(path), constant))
        if text[at] == "\n":
            return head, at + 1
        if text[at] != separator:
            raise NoValue("no separator")
        at += 1


def _read_line(text: str, at: int, separator: str) -> tuple[list[Any], int]:
    cells: list[Any] = []
    while True:
        held, at = _read_cell(text, at, separator)
        cells.append(held)
        if text[at] == "\n":
            return cells, at + 1
        at += 1


def _read_cell(text: str, at: int, separator: str) -> tuple[Any, int]:
    if text[at] in '"{[':
        held, at = raw_value(text, at)
        if text[at] not in {separator, "\n"}:
            raise NoValue("something behind a value")
        return held, at
    end = at
    while text[end] != separator and text[end] != "\n":
        end += 1
    cell = text[at:end]
    if cell == _NULL:
        return None, end
    if cell == _MISSING:
        return _ABSENT, end
    if cell in _LITERALS:
        return _LITERALS[cell], end
    return (Number(cell) if _NUMBER.fullmatch(cell) else cell), end


_LITERALS = {"true": True, "false": False}


def _put(row: dict[str, Any], path: _Path, held: Any) -> None:
    for name in path[:-1]:
        row = row.setdefault(name, {})
    row[path[-1]] = held
