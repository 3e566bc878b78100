"""What this dialect cannot say of a neutral request."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from stellwerk.core.chat import ChatRequest, JsonObjectFormat, JsonSchemaFormat, Role
from stellwerk.core.loss import Loss
from stellwerk.core.part import Audio, Image, OpaquePart, Part, Thinking, ToolResult, Video
from stellwerk.core.tool import CustomTool, OpaqueTool
from stellwerk.dialects.anthropic_messages.reasoning import loses_reasoning
from stellwerk.dialects.anthropic_messages.request import TIERS
from stellwerk.dialects.anthropic_messages.types import DIALECT, IN_PLACE, is_spelled


def _parts(request: ChatRequest) -> Iterator[Part]:
    """All parts, those in results of tools included."""
    for message in request.messages:
        for part in message.parts:
            yield part
            if isinstance(part, ToolResult):
                yield from part.parts


def _any_part(is_it: Callable[[Part], bool]) -> Callable[[ChatRequest], bool]:
    return lambda request: any(is_it(part) for part in _parts(request))


def _has_instructions_within(request: ChatRequest) -> bool:
    """Whether standing instructions of another dialect's caller follow what somebody said."""
    has_begun = False
    for message in request.messages:
        is_standing = message.role in {Role.SYSTEM, Role.DEVELOPER}
        if is_standing and has_begun and not is_spelled(message.opaque, IN_PLACE):
            return True
        has_begun = has_begun or not is_standing
    return False


def _has_description(request: ChatRequest) -> bool:
    format_ = request.output_format
    return isinstance(format_, JsonSchemaFormat) and format_.description is not None


def _has_formless_json(request: ChatRequest) -> bool:
    format_ = request.output_format
    return isinstance(format_, JsonObjectFormat) or (isinstance(format_, JsonSchemaFormat) and format_.schema is None)


def _refused(field: str, why: str, occurs: Callable[[ChatRequest], object]) -> Loss:
    """Without it the answer would be another one."""
    return Loss(field, is_refused=True, why=why, occurs=lambda request: bool(occurs(request)))


def _dropped(field: str, why: str, occurs: Callable[[ChatRequest], object]) -> Loss:
    """Without it the answer is still one to what was asked."""
    return Loss(field, is_refused=False, why=why, occurs=lambda request: bool(occurs(request)))


LOSSES = (
    _refused("choices", "it gives one answer", lambda request: (request.choices or 1) > 1),
    _refused("modalities", "it answers in text", lambda request: set(request.modalities) - {"text"}),
    _refused("audio", "it answers in text", lambda request: request.audio is not None),
    _refused(
        "messages.audio",
        "it hears nothing",
        _any_part(lambda part: isinstance(part, Audio) and not part.transcript),
    ),
    _refused("messages.video", "it sees no video", _any_part(lambda part: isinstance(part, Video))),
    _refused(
        "messages.tool_result.call_id",
        "a result names the call it answers",
        _any_part(lambda part: isinstance(part, ToolResult) and not part.call_id),
    ),
    _refused(
        "tools.custom",
        "its tools take objects",
        lambda request: any(isinstance(tool, CustomTool) for tool in request.tools),
    ),
    _refused(
        "tools.opaque",
        "another provider runs this tool",
        lambda request: any(isinstance(tool, OpaqueTool) and tool.dialect != DIALECT for tool in request.tools),
    ),
    _dropped(
        "sampling.frequency_penalty",
        "it has no penalties",
        lambda request: request.sampling.frequency_penalty is not None,
    ),
    _dropped(
        "sampling.presence_penalty",
        "it has no penalties",
        lambda request: request.sampling.presence_penalty is not None,
    ),
    _dropped("sampling.seed", "it takes no seed", lambda request: request.sampling.seed is not None),
    _dropped("wants_logprobs", "it tells no log-probabilities", lambda request: request.wants_logprobs),
    _dropped("top_logprobs", "it tells no log-probabilities", lambda request: request.top_logprobs is not None),
    _dropped("output_format", "it writes JSON after a schema only", _has_formless_json),
    _dropped("output_format.description", "a schema has its own", _has_description),
    _dropped(
        "reasoning",
        "it refuses to think beside a forced tool, a sampling of its own, or a turn without thinking",
        loses_reasoning,
    ),
    _dropped("verbosity", "it has no such setting", lambda request: request.verbosity is not None),
    _dropped("metadata", "it takes the user's id only", lambda request: request.metadata),
    _dropped(
        "safety_identifier",
        "it takes one id of the user",
        lambda request: request.safety_identifier is not None and request.user is not None,
    ),
    _dropped(
        "service_tier",
        "it has no such tier",
        lambda request: request.service_tier is not None and request.service_tier not in TIERS,
    ),
    _dropped("cache_key", "it caches by marks", lambda request: request.cache_key is not None),
    _dropped("is_stored", "it keeps no answers", lambda request: request.is_stored),
    _dropped(
        "messages.name",
        "speakers have no names",
        lambda request: any(message.name is not None for message in request.messages),
    ),
    _dropped(
        "messages.position", "instructions within the conversation are moved to its start", _has_instructions_within
    ),
    _dropped(
        "messages.image.detail",
        "it chooses the resolution",
        _any_part(lambda part: isinstance(part, Image) and part.detail is not None),
    ),
    _dropped(
        "messages.thinking",
        "reasoning without a signature proves nothing",
        _any_part(lambda part: isinstance(part, Thinking) and not part.signature),
    ),
    _dropped(
        "messages.opaque",
        "only another provider knows this part",
        _any_part(lambda part: isinstance(part, OpaquePart) and part.dialect != DIALECT),
    ),
)
"""Every neutral field that ``request.encode`` leaves out."""
