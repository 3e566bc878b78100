"""A weak model first: its answer is checked, and where it does not do, the next stronger one is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

import msgspec

from stellwerk.core.acceptance import Acceptance
from stellwerk.core.envelope import Envelope
from stellwerk.core.ordering import only
from stellwerk.core.route import Ask, Plan, Standing, Target
from stellwerk.ports.strategy import Strategy

_TOOLS = re.compile(rb'"(?:tools|functions|mcp_servers)"')
_TOOLS_OR_SCHEMA = re.compile(rb'"(?:tools|functions|mcp_servers|json_schema|response_?(?:[Jj]son_?)?[sS]chema)"')
"""The same and what announces a schema, in all dialects of chat. One search costs a third of several ``in``."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a weak model's answer has to be, and which requests none of them gets."""

    json: bool = True
    """An answer to a request for JSON has to be JSON, and of the request's schema. Without this check, a request with
    a schema goes to the strongest target at once."""
    refusal: bool = True
    """An answer that refuses, or says that it does not know, does not do."""
    finish: bool = True
    """An answer that was cut off does not do."""
    min_characters: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 1
    """A shorter answer does not do."""
    min_logprob: Annotated[float, msgspec.Meta(ge=-1_000, le=0)] = 0.0
    """The least mean log-probability of an answer's tokens, such as -0.5, where the provider tells them; with 0 they
    are not looked at."""
    samples: Annotated[int, msgspec.Meta(ge=1, le=2)] = 1
    """With 2, a weak model is asked twice, and its answers have to agree."""
    max_prompt_bytes: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 16_000
    """A longer request goes to the strongest target at once."""


class Cascade:
    """Targets from weak to strong, as they are listed. Tools, schemas and long requests are never downgraded."""

    __slots__ = ("_acceptance", "_max_bytes")

    minds_conversations = False

    def __init__(self, settings: Settings) -> None:
        self._acceptance = Acceptance(
            json=settings.json,
            min_characters=settings.min_characters,
            refusal=settings.refusal,
            finish=settings.finish,
            min_logprob=settings.min_logprob or None,
            samples=settings.samples,
        )
        self._max_bytes = settings.max_prompt_bytes

    def fixed(self, targets: tuple[Target, ...]) -> Plan | None:
        """Where there is one target only."""
        return only(targets)

    def plan(self, targets: tuple[Target, ...], ask: Ask, standings: Mapping[str, Standing]) -> Plan:
        """From weak to strong with what an answer has to be, or from strong to weak with any answer taken."""
        del standings
        why = self._why_not(targets[0], ask.envelope)
        if why:
            return Plan(targets[::-1], f"{targets[-1].identity} is the strongest, and the request {why}")
        return Plan(targets, f"{targets[0].identity} is the weakest, and its answer is checked", self._acceptance)

    def _why_not(self, weakest: Target, envelope: Envelope) -> str:
        """What keeps a request from the weak models, read off its bytes; empty where nothing does.

        Within a JSON text quotes are escaped: a quoted word is a name, or all of a text. The few texts that are such a
        word go to the strongest target as well.
        """
        body = envelope.body
        if len(body) > self._max_bytes:
            return f"has {len(body):,} bytes"
        if envelope.choices > 1:
            return f"wants {envelope.choices} answers, which are not compared"
        if _TOOLS_OR_SCHEMA.search(body) is None:
            return ""
        if _TOOLS.search(body):
            return "offers tools"
        if not self._acceptance.json:
            return "has a JSON schema, which is not checked"
        if weakest.card is not None and weakest.card.missing(("json_schema",)):
            return f"has a JSON schema, which {weakest.identity} does not know"
        return ""


def build(settings: Settings) -> Strategy:
    """The strategy."""
    return Cascade(settings)
