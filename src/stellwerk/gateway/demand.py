"""The most that a request may come to, before anybody is asked: told from its envelope and its targets."""

from __future__ import annotations

from collections.abc import Sequence

from stellwerk.core.able import MEDIA
from stellwerk.core.envelope import Envelope
from stellwerk.core.route import Target
from stellwerk.core.tokens import TOOLS_TOKENS, bound_body, estimate
from stellwerk.core.worst_case import WorstCase
from stellwerk.dialects.capping import can_cap, capped
from stellwerk.dialects.openai_passage.envelope import Passage
from stellwerk.dialects.openai_passage.operation import FILES, STORED
from stellwerk.errors import StellwerkError
from stellwerk.gateway.configuration import Model
from stellwerk.gateway.dialect import Dialect
from stellwerk.gateway.interpreter import Interpreter
from stellwerk.gateway.stages.admit import Demand
from stellwerk.gateway.stages.route import may_need_of

UNKNOWN_OUTPUT_TOKENS = 16_384
"""An answer's longest, where neither the request nor the catalogue limits it: from here on it is limited."""
ESTIMATED_BYTES = 262_144
"""The tokens of longer prompts are only bounded: to estimate them would keep others waiting."""
WITHOUT_ANSWER = frozenset({"openai_embeddings", "gemini_embeddings", "openai_moderations", "rerank"})
"""Dialects whose answers are no tokens that cost anything."""
WITHOUT_COST = frozenset({"gemini_count_tokens", "anthropic_count_tokens", FILES, STORED})
_FREE = WorstCase(0, 0)
_MEMBER = "max_completion_tokens"


def demand_of(envelope: Envelope, model: Model, targets: Sequence[Target], *, is_cascade: bool) -> Demand:
    """What a request may come to with any of these targets. ``is_cascade``: several of them may answer and be paid."""
    worst, unpriced = _worst(model, targets)
    calls = len(targets) if is_cascade else 2 if model.hedging is not None and len(targets) > 1 else 1
    if envelope.dialect in WITHOUT_COST or (isinstance(envelope, Passage) and envelope.method != b"POST"):
        return Demand(0, 0, _FREE, is_cappable=False)
    prompt = _bound(envelope)
    if envelope.dialect in WITHOUT_ANSWER:
        return Demand(prompt, 0, worst, unpriced, calls, is_cappable=False)
    if not can_cap(envelope.dialect):
        return Demand(prompt, None, worst, unpriced, calls, is_cappable=False)
    cap = envelope.output_cap
    if cap is not None:
        return Demand(prompt, cap * envelope.choices, worst, unpriced, calls)
    longest = [target.card.max_output if target.card is not None else 0 for target in targets]
    is_known = all(longest)
    tokens = (max(longest) if is_known else UNKNOWN_OUTPUT_TOKENS) * envelope.choices
    return Demand(prompt, tokens, worst, unpriced, calls, is_capped=not is_known)


def prompt_tokens(dialect: Dialect, envelope: Envelope) -> int:
    """The tokens of a prompt, estimated from above; their bound, where that is not to be had."""
    bound = bound_body(envelope.body)
    if len(envelope.body) > ESTIMATED_BYTES:
        return bound
    try:
        interpreter = dialect.interpret(envelope, "")
        return estimate(interpreter.read()) if isinstance(interpreter, Interpreter) else bound
    except StellwerkError:  # whoever is asked may understand it
        return bound


def limited(
    envelope: Envelope, model: Model, targets: Sequence[Target], demand: Demand
) -> tuple[Envelope, tuple[Target, ...]]:
    """The request with its answer's limit as low as it was admitted with, and the targets that keep to it.

    Hosts that would not know the limit by the name that the first one knows are left out.
    """
    if not demand.is_capped or demand.output_tokens is None:
        return envelope, tuple(targets)
    member = _member(model, targets[0], envelope)
    kept = tuple(target for target in targets if _member(model, target, envelope) == member)
    return capped(envelope, demand.output_tokens // envelope.choices, member), kept


def _bound(envelope: Envelope) -> int:
    """Tokens of a prompt, never fewer than it has. Without media and tools, a token is at least a byte of the body."""
    body, may_need = envelope.body, may_need_of(envelope.dialect)
    if may_need is None or may_need(body, *MEDIA, "tools"):
        return bound_body(body)
    return len(body) + TOOLS_TOKENS


def _member(model: Model, target: Target, envelope: Envelope) -> str:
    provider = model.routes[target.identity].provider
    return getattr(provider, "cap", _MEMBER) if provider.speaks(envelope.dialect) else _MEMBER


def _worst(model: Model, targets: Sequence[Target]) -> tuple[WorstCase | None, str]:
    found: WorstCase | None = None
    for target in targets:
        worst = model.routes[target.identity].worst
        if worst is None:
            return None, target.identity
        found = worst if found is None else found.meet(worst)
    return found, ""
