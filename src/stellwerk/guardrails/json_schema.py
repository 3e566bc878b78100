"""Answers that have to be JSON of a certain shape, for callers whose provider does not see to that itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from stellwerk.core.subject import Subject
from stellwerk.core.taxonomy import Breach
from stellwerk.core.verdict import Finding
from stellwerk.errors import ConfigurationError
from stellwerk.ports.guardrail import Guardrail
from stellwerk.text.json_fit import compiled

_FENCED = re.compile(r"\s*```(?:json|JSON)?[ \t]*\n(?P<inside>.*)\n```\s*", re.DOTALL)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``schema`` is a table, or JSON in a string; without it any JSON will do.

    ``fenced`` allows the block of Markdown that models like to put it in.
    """

    schema: dict[str, Any] | str = msgspec.field(default_factory=dict)
    fenced: bool = False


class JsonSchemaCheck:
    """Reads the text as JSON and tests it. The empty text is no text: answers that only call tools have it."""

    __slots__ = ("_fenced", "_fits")

    needs_whole = True

    def __init__(self, fits: Callable[[Any], bool], *, fenced: bool) -> None:
        self._fits = fits
        self._fenced = fenced

    def check(self, subject: Subject) -> tuple[Finding, ...]:
        """One finding of a text that is not JSON, or not of the schema."""
        text = subject.original
        if not text:
            return ()
        if self._fenced and (block := _FENCED.fullmatch(text)):
            text = block["inside"]
        try:
            fits = self._fits(msgspec.json.decode(text.encode()))
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            fits = False
        return () if fits else (Finding(Breach.SCHEMA, 1.0),)


def build(settings: Settings) -> Guardrail:
    """The check. Raises ``ConfigurationError`` for a schema that is none, or asks for what is not checked here."""
    schema: object = settings.schema
    try:
        if isinstance(schema, str):
            schema = msgspec.json.decode(schema.encode())
        return JsonSchemaCheck(compiled(schema, _pattern), fenced=settings.fenced)
    except msgspec.DecodeError as error:
        raise ConfigurationError((f"guardrails/json_schema: schema: not JSON: {error}",)) from error
    except ValueError as error:
        raise ConfigurationError((f"guardrails/json_schema: schema: {error}",)) from error
    except RecursionError as error:
        raise ConfigurationError(("guardrails/json_schema: schema: nested too deeply",)) from error


def _pattern(written: str) -> Callable[[str], bool]:
    """A pattern of the schema on RE2, which takes time in proportion to the text."""
    try:
        import re2  # a package that only patterns need
    except ImportError as error:
        raise ValueError("patterns need google-re2: pip install 'stellwerk[patterns]'") from error

    options = re2.Options()
    options.log_errors = False
    try:
        engine = re2.compile(written.encode(), options)
    except re2.error as error:
        raise ValueError(f"RE2 does not take the pattern: {error.args[0].decode(errors='replace')}") from error
    return lambda text: engine.search(text.encode(errors="surrogatepass")) is not None
