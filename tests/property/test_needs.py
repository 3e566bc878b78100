"""A request that needs something shows it in its bytes, in whichever way it is written, and never exceeds its size."""

from __future__ import annotations

import contextlib
import importlib
import json
import re
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stellwerk.core.able import MEDIA, MayNeed
from stellwerk.core.catalog import CAPABILITIES
from stellwerk.core.chat import ChatRequest
from stellwerk.core.context import bounds_of, most_tokens
from stellwerk.core.needs import needs_of
from stellwerk.errors import InvalidRequest
from tests.golden.matrix import SIDES, Side
from tests.property.requests import REQUESTS, conversations

EACH_SIDE = pytest.mark.parametrize("side", SIDES, ids=lambda side: side.name)
GOLDENS = [(side, path) for side in SIDES for path in side.goldens("requests")]
RANDOM = st.integers(0, 2**32).map(Random)


def may_need_of(side: Side) -> MayNeed:
    """The dialect's own pre-test."""
    found: MayNeed = importlib.import_module(f"stellwerk.dialects.{side.name}.needs").may_need
    return found


def respelled(value: Any, random: Random, share: float) -> str:
    """JSON in another spelling: blanks between, and a share of the characters of all strings as escapes."""
    blank = random.choice(["", " ", "\n\t"])
    if isinstance(value, dict):
        members = (
            respelled(name, random, share) + blank + ":" + blank + respelled(inner, random, share)
            for name, inner in value.items()
        )
        return "{" + blank + ("," + blank).join(members) + "}"
    if isinstance(value, list):
        return "[" + ("," + blank).join(respelled(inner, random, share) for inner in value) + blank + "]"
    if isinstance(value, str):
        return '"' + "".join(_spelled(character, random, share) for character in value) + '"'
    return json.dumps(value)


def snake_case(value: Any) -> Any:
    """The same JSON with its members named in Google's other way."""
    if isinstance(value, dict):
        return {
            re.sub(r"(?<=[a-z])[A-Z]", lambda found: "_" + found[0].lower(), name): snake_case(inner)
            for name, inner in value.items()
        }
    return [snake_case(inner) for inner in value] if isinstance(value, list) else value


def _spelled(character: str, random: Random, share: float) -> str:
    if ord(character) < 0x10000 and random.random() < share:
        escape = f"\\u{ord(character):04x}"
        return escape if random.random() < 0.5 else "\\u" + escape[2:].upper()
    if character == "/" and random.random() < share:
        return "\\/"
    return json.dumps(character, ensure_ascii=False)[1:-1]


def checked(side: Side, body: bytes, *, is_stream: bool = False) -> set[str]:
    """What the request needs, every bit of which its bytes have to show."""
    may_need = may_need_of(side)
    asked = side.dialect.decode(side.envelope(body, is_stream=is_stream))
    needs = set(needs_of(asked))
    assert all(may_need(body, need) for need in needs)
    assert may_need(body, *CAPABILITIES) or not needs
    assert bounds_of(asked).lower <= bounds_of(asked).upper
    assert bounds_of(asked).upper <= most_tokens(len(body), has_media=may_need(body, *MEDIA))
    return needs


@EACH_SIDE
@given(REQUESTS | conversations(), RANDOM, st.sampled_from([0.0, 0.01, 0.2]))
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None, max_examples=80)
def test_whatever_a_request_needs_shows_in_its_bytes(
    side: Side, asked_for: ChatRequest, random: Random, share: float
) -> None:
    asked = msgspec.structs.replace(asked_for, model=side.model)
    with contextlib.suppress(InvalidRequest):
        body = side.encode(asked)
        needs = checked(side, body, is_stream=asked.is_stream)
        again = respelled(json.loads(body), random, share).encode(errors="surrogatepass")
        with contextlib.suppress(InvalidRequest):  # escaped halves of characters that no JSON may hold
            # A media type that is spelled in another way is left to the provider; nothing else is.
            assert needs - checked(side, again, is_stream=asked.is_stream) <= {"json_schema"}


@pytest.mark.parametrize(("side", "path"), GOLDENS, ids=[f"{side.name} {path.stem}" for side, path in GOLDENS])
@given(RANDOM, st.sampled_from([0.0, 0.002, 0.05]))
@settings(max_examples=5, deadline=None)
def test_recorded_requests_show_what_they_need(side: Side, path: Any, random: Random, share: float) -> None:
    body = path.read_bytes()
    wire = json.loads(body)
    wire = wire.get("body", wire) if side.name == "bedrock_converse" else wire
    checked(side, respelled(wire, random, share).encode())


@EACH_SIDE
def test_some_recorded_request_needs_each_of_what_its_dialect_can_say(side: Side) -> None:
    needed = set()
    for path in side.goldens("requests"):
        needed |= checked(side, path.read_bytes())
    assert needed >= {"vision", "tools"}


@pytest.mark.parametrize("path", [path for side, path in GOLDENS if side.name == "gemini"], ids=lambda path: path.stem)
def test_googles_other_names_show_the_same(path: Any) -> None:
    side = next(side for side in SIDES if side.name == "gemini")
    body = path.read_bytes()
    assert checked(side, json.dumps(snake_case(json.loads(body))).encode()) == checked(side, body)


@EACH_SIDE
def test_a_plain_request_shows_nothing(side: Side) -> None:
    body = next(path for path in side.goldens("requests") if path.stem == "plain").read_bytes()
    quiet = ("vision", "audio_in", "files", "tools", "parallel_tools", "json_schema", "reasoning", "long_context")
    assert not may_need_of(side)(body, *quiet)
    assert may_need_of(side)(body.replace(b"e", b"\\u0065", 1), *quiet)
    assert not may_need_of(side)(body.replace(b"e", b"\\u00e9\\u4f60", 1), *quiet)
