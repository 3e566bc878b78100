"""The most that a request may come to, before anybody is asked: told from its envelope and its targets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from stellwerk.core.able import MEDIA
from stellwerk.core.envelope import Envelope
from stellwerk.core.part import Audio, Document, Image, OpaquePart, Part, TextSource, ToolResult, Video
from stellwerk.core.route import Target
from stellwerk.core.tokens import MEDIA_TOKENS, TOOLS_TOKENS, bound_body, estimate
from stellwerk.core.worst_case import WorstCase
from stellwerk.dialects.capping import can_cap, capped
from stellwerk.dialects.extras import extras_of
from stellwerk.dialects.openai_passage.envelope import Passage
from stellwerk.dialects.openai_passage.operation import FILES, STORED
from stellwerk.dialects.own_tools import runs_own_tools
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
UNKNOWN_WINDOW = 2_000_000
"""More tokens than any model's context has."""
_STORED = re.compile(
    rb'"(?:previous_response_id|conversation|cached_?[cC]ontent|file_ids?|file_?[uU]ri|s3Location)"|"prompt"\s*:\s*\{'
)
"""Names of what a provider keeps and puts before the prompt."""
_UNMEASURED = re.compile(
    rb'"(?:file|input_file|document|file_?[dD]ata|inline_?[dD]ata|input_audio|audio|video|video_url|input_video)"'
)
"""Media of any length: a picture has a known most of tokens, a book or a film has none."""
_PICTURE = re.compile(rb'"(?:input_)?image')
_PICTURE_TOKENS = 16_384
"""No model counts more for a picture, whatever its size, but for these, which are cheaper by the token."""
_DEAR_PICTURE_TOKENS = {"4o-mini": 48_169}
_SUSPECT = re.compile(
    rb'"(?:audio|cache|code|compaction"|compound_|computer_|context_m|conversation"|custom_tool|data_?[sS]ources"'
    rb"|document|enable_s|exclude_d|file|function|google|image|include_d|inference_g|inline|input_|last_updated_|mcp"
    rb'|models"|performanceC|plugins"|prediction"|previous_r|prompt"|return_|s3L|search_|service_?[tT]ier|speed"|tool'
    rb"|url|video|web_)"
)
"""How all of these begin, and what shows tools and media in any dialect: most prompts have none."""
_SEARCHING = re.compile(r"search-preview|search-api|deep-research|compound")
"""Names of models that search whether they are asked to or not."""
_SPELLED = re.compile(rb"\\u00[3-7]")
"""A letter that is spelled by its number, and may be one of these."""
LONGEST_TIER = 40
"""Characters of a tier's name that are repeated to whoever has asked for it."""
_MEMBER = "max_completion_tokens"


def demand_of(envelope: Envelope, model: Model, targets: Sequence[Target], *, samples: int, is_hard: bool) -> Demand:
    """What a request may come to with any of these targets.

    ``samples``: so often each of them may answer and be paid, one after the other; 0 where only one of them does.
    ``is_hard``: a budget has to be able to pay for it.
    """
    if envelope.dialect in WITHOUT_COST or (isinstance(envelope, Passage) and envelope.method != b"POST"):
        return Demand(0, 0, 0, worst=_FREE, is_cappable=False)
    worst, unpriced = _worst(model, targets)
    body, cap = envelope.body, envelope.output_cap
    if cap == 0 and envelope.dialect != "openai_completions":  # which can ask for the prompt alone
        cap = None  # a host may take it for no limit
    input_tokens, unseen_tokens, predicted_tokens, has_own_tools = len(body) + TOOLS_TOKENS, 0, 0, False
    picture_tokens = _most_of_a_picture(targets) if is_hard else 0
    if not is_plain(body):
        input_tokens = _bound(envelope)
        if is_hard:
            unseen_tokens = _unseen(body, targets, picture_tokens)
            extras = extras_of(body)
            predicted_tokens = len(body) if extras.has_prediction else 0
            if dearer := _without_price(targets, extras.tiers):
                worst, unpriced = None, dearer
            has_own_tools = runs_own_tools(envelope.dialect, body)
    if is_hard and any(_SEARCHING.search(target.model) for target in targets):
        has_own_tools = True
    demand = Demand(
        input_tokens,
        None,
        cap * envelope.choices if cap is not None else None,
        unseen_tokens,
        picture_tokens,
        has_own_tools,
        worst,
        unpriced,
        _calls(model, len(targets), samples),
        can_cap(envelope.dialect),
        predicted_tokens=predicted_tokens,
        is_visible=not (is_hard and (_may_think(targets) or getattr(envelope, "is_background", False))),
    )
    if envelope.dialect in WITHOUT_ANSWER:
        demand.output_tokens = demand.named_tokens = 0
    elif demand.is_cappable:
        demand.output_tokens = demand.named_tokens
        if cap is None and is_hard:
            longest = [target.card.max_output if target.card is not None else 0 for target in targets]
            demand.is_capped = not all(longest)
            demand.output_tokens = (UNKNOWN_OUTPUT_TOKENS if demand.is_capped else max(longest)) * envelope.choices
    return demand


def look_closer(dialect: Dialect, envelope: Envelope, demand: Demand) -> bool:
    """Counts a prompt by its texts instead of its bytes. Returns whether that has made the demand smaller."""
    if len(envelope.body) > ESTIMATED_BYTES:
        return False
    try:
        interpreter = dialect.interpret(envelope, "")
        if not isinstance(interpreter, Interpreter):
            return False
        request = interpreter.read()
    except StellwerkError:  # whoever is asked may understand it
        return False
    before = demand.input_tokens + demand.unseen_tokens
    demand.input_tokens = min(demand.input_tokens, estimate(request))
    if not _STORED.search(envelope.body) and all(_is_measured(message.parts) for message in request.messages):
        pictures = sum(_pictures(message.parts) for message in request.messages)
        demand.unseen_tokens = min(demand.unseen_tokens, pictures * demand.picture_tokens)
    return demand.input_tokens + demand.unseen_tokens < before


def look_back(envelope: Envelope, model: Model, targets: Sequence[Target], demand: Demand) -> bool:
    """Takes what prompts like this one have come to at these targets, which limits of tokens can do with; no budget.

    Returns whether that has made the demand smaller.
    """
    if demand.learned_tokens is not None:
        return False
    most = [model.routes[target.identity].standing.factors.most(envelope.body) for target in targets]
    known = [tokens for tokens in most if tokens is not None]
    if len(known) < len(most) or max(known, default=demand.input_tokens) >= demand.input_tokens:
        return False
    demand.learned_tokens = max(known)
    return True


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


def is_plain(body: bytes) -> bool:
    """Whether a prompt is text alone, and all of it stands there: so a token of it is at least a byte."""
    return _SUSPECT.search(body) is None and (b"\\" not in body or _SPELLED.search(body) is None)


def _bound(envelope: Envelope) -> int:
    """Tokens of a prompt, never fewer than it has. Without media and tools, a token is at least a byte of the body."""
    body, may_need = envelope.body, may_need_of(envelope.dialect)
    if may_need is None or may_need(body, *MEDIA, "tools"):
        return bound_body(body)
    return len(body) + TOOLS_TOKENS


def _unseen(body: bytes, targets: Sequence[Target], picture_tokens: int) -> int:
    """Bound of the tokens that stand nowhere in the body: of what is kept, of any length, or a picture."""
    window = _window(targets)
    if _STORED.search(body) or _UNMEASURED.search(body) or _SPELLED.search(body):
        return window
    return min(window, picture_tokens * len(_PICTURE.findall(body)))


def _most_of_a_picture(targets: Sequence[Target]) -> int:
    dear = (most for target in targets for name, most in _DEAR_PICTURE_TOKENS.items() if name in target.model)
    return max(_PICTURE_TOKENS, *dear, 0) - MEDIA_TOKENS


def _pictures(parts: Iterable[Part]) -> int:
    return sum(_pictures(one.parts) if isinstance(one, ToolResult) else isinstance(one, Image) for one in parts)


def _without_price(targets: Sequence[Target], tiers: Iterable[str]) -> str:
    """A target and a tier of service for which its price has no row of its own; empty where there is none."""
    for tier in tiers:
        for target in targets:
            price = target.card.price if target.card is not None else None
            if price is None or not any(row.service == tier for row in price.rows):
                return f"{target.identity} at the tier {tier[:LONGEST_TIER]!r}"
    return ""


def _window(targets: Sequence[Target]) -> int:
    """No prompt is longer than the longest context."""
    windows = [target.card.context_window if target.card is not None else 0 for target in targets]
    return max(windows) if all(windows) else UNKNOWN_WINDOW


def _is_measured(parts: Iterable[Part]) -> bool:
    """Whether an estimate counts all of this: text, and pictures."""
    for part in parts:
        match part:
            case Video() | OpaquePart():
                return False
            case Audio(source=source) if source is not None:
                return False
            case Document(source=source) if not isinstance(source, TextSource):
                return False
            case ToolResult(parts=inner) if not _is_measured(inner):
                return False
            case _:
                pass
    return True


def _may_think(targets: Sequence[Target]) -> bool:
    """Whether an answer may have parts that nobody sees as they come."""
    return any(target.card is None or "reasoning" not in target.card.lacks for target in targets)


def _calls(model: Model, targets: int, samples: int) -> int:
    """For how many answers a request may have to pay."""
    if samples:
        return min(targets * samples, model.attempts)
    return 2 if model.hedging is not None and targets > 1 else 1


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
