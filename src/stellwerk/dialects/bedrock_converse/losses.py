"""What Converse cannot say of a neutral request, field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import dropwhile, takewhile

from stellwerk.core.chat import ChatRequest, JsonObjectFormat, JsonSchemaFormat, Role
from stellwerk.core.loss import Loss
from stellwerk.core.part import (
    Audio,
    Document,
    FileSource,
    Image,
    OpaquePart,
    Part,
    RedactedThinking,
    Source,
    Text,
    TextSource,
    Thinking,
    ToolResult,
    UrlSource,
    Video,
)
from stellwerk.core.tool import CustomTool, OpaqueTool, ToolMode
from stellwerk.dialects.bedrock_converse.media import S3, Reachable, format_of, is_base64, kind_of
from stellwerk.dialects.bedrock_converse.messages import INSTRUCTIONS, is_instruction
from stellwerk.dialects.bedrock_converse.models import is_claude, takes_reasoning, takes_top_k
from stellwerk.dialects.bedrock_converse.request import TIERS
from stellwerk.dialects.bedrock_converse.types import DIALECT, is_own
from stellwerk.dialects.claude import may_think

_Media = Image | Audio | Video | Document


def _parts(request: ChatRequest) -> Iterator[Part]:
    for message in request.messages:
        for part in message.parts:
            yield part
            if isinstance(part, ToolResult):
                yield from part.parts


def _media(request: ChatRequest) -> Iterator[tuple[_Media, Source | None]]:
    return ((part, part.source) for part in _parts(request) if isinstance(part, Image | Audio | Video | Document))


def _needs_fetching(request: ChatRequest) -> bool:
    return any(isinstance(source, UrlSource) and not source.url.startswith(S3) for _, source in _media(request))


def _is_held_elsewhere(request: ChatRequest) -> bool:
    return any(isinstance(source, FileSource) for _, source in _media(request))


def _has_no_format(request: ChatRequest) -> bool:
    return any(
        format_of(kind_of(part), source) is None and not is_own(part.opaque)
        for part, source in _media(request)
        if isinstance(source, Reachable)
    )


def _is_text_of_no_document(request: ChatRequest) -> bool:
    return any(isinstance(source, TextSource) and not isinstance(part, Document) for part, source in _media(request))


def _speaks_without_words(request: ChatRequest) -> bool:
    return any(isinstance(part, Audio) and part.source is None and not part.transcript for part in _parts(request))


def _hears_results(request: ChatRequest) -> bool:
    results = (part for part in _parts(request) if isinstance(part, ToolResult))
    return any(isinstance(part, Audio) for result in results for part in result.parts)


def _instructs_late(request: ChatRequest) -> bool:
    said = dropwhile(lambda message: message.role in INSTRUCTIONS, request.messages)
    return any(message.role in INSTRUCTIONS and message.parts and not is_own(message.opaque) for message in said)


def _shows_instructions(request: ChatRequest) -> bool:
    leading = takewhile(lambda message: message.role in INSTRUCTIONS, request.messages)
    return any(not is_instruction(part) for message in leading for part in message.parts)


def _has_foreign(request: ChatRequest) -> bool:
    return any(isinstance(part, OpaquePart) and part.dialect != DIALECT for part in _parts(request))


def _has_unsigned_thinking(request: ChatRequest) -> bool:
    return any(
        isinstance(part, Thinking) and part.signature is None and not is_own(part.opaque) for part in _parts(request)
    )


def _has_nameless_results(request: ChatRequest) -> bool:
    return any(isinstance(part, ToolResult) and not part.call_id for part in _parts(request))


def _must_not_call(request: ChatRequest) -> bool:
    choice = request.tool_choice
    if choice is None or choice.mode is not ToolMode.NONE or is_claude(request.model):
        return False
    return any(message.role is Role.TOOL for message in request.messages)


def _speaks(request: ChatRequest) -> bool:
    return request.audio is not None or bool(set(request.modalities) - {"text"})


def _wants_top_k(request: ChatRequest) -> bool:
    return request.sampling.top_k is not None and not takes_top_k(request.model)


def _reasons(request: ChatRequest) -> bool:
    reasoning = request.reasoning
    if reasoning is None or is_own(reasoning.opaque):
        return False
    return not takes_reasoning(request.model) or (is_claude(request.model) and not may_think(request))


def _limits_parallel_calls(request: ChatRequest) -> bool:
    return request.is_parallel_allowed is False and bool(request.tools) and not is_claude(request.model)


def _has_unknown_tier(request: ChatRequest) -> bool:
    return request.service_tier not in {None, "auto", "standard_only", *TIERS}


def _is_opaque_elsewhere(items: Iterable[object]) -> bool:
    return any(isinstance(item, OpaqueTool) and item.dialect != DIALECT for item in items)


def _has_custom_tools(request: ChatRequest) -> bool:
    return any(isinstance(tool, CustomTool) for tool in request.tools)


def _wants_any_json(request: ChatRequest) -> bool:
    return isinstance(request.output_format, JsonObjectFormat)


def _lacks_schema(request: ChatRequest) -> bool:
    return isinstance(request.output_format, JsonSchemaFormat) and request.output_format.schema is None


def _cites(request: ChatRequest) -> bool:
    return any(isinstance(part, Text) and part.citations and not is_own(part.opaque) for part in _parts(request))


def _shows_in_detail(request: ChatRequest) -> bool:
    return any(isinstance(part, Image) and part.detail is not None for part in _parts(request))


def _is_redacted_elsewhere(request: ChatRequest) -> bool:
    return any(isinstance(part, RedactedThinking) and not is_base64(part.data) for part in _parts(request))


def _refused(field: str, why: str, occurs: Callable[[ChatRequest], bool]) -> Loss:
    return Loss(field, is_refused=True, why=why, occurs=occurs)


def _dropped(field: str, why: str, occurs: Callable[[ChatRequest], bool]) -> Loss:
    return Loss(field, is_refused=False, why=why, occurs=occurs)


LOSSES = (
    _refused("messages.url", "it takes media by value or from S3, not by other addresses", _needs_fetching),
    _refused("messages.file_id", "it does not hold another provider's files", _is_held_elsewhere),
    _refused("messages.media_type", "it has no word for the format of a file", _has_no_format),
    _refused("messages.source.text", "only documents may be given as text", _is_text_of_no_document),
    _refused("messages.audio.id", "it does not hold sound that another provider said", _speaks_without_words),
    _refused("messages.tool_result.audio", "tools cannot answer with sound", _hears_results),
    _refused("messages.tool_result.name", "results need the id of their call", _has_nameless_results),
    _refused("messages.system", "instructions are words", _shows_instructions),
    _dropped("messages.opaque", "parts that only another provider understands", _has_foreign),
    _dropped("messages.thinking", "reasoning without a signature is not taken back", _has_unsigned_thinking),
    _dropped("messages.redacted_thinking", "encrypted reasoning of another encoding", _is_redacted_elsewhere),
    _dropped("messages.citations", "citations of earlier answers are left out, their text is not", _cites),
    _dropped("messages.image.detail", "the model chooses the resolution", _shows_in_detail),
    _dropped("messages.role", "instructions within the conversation are said as the user's words", _instructs_late),
    _dropped("messages.name", "speakers have no names", lambda request: any(m.name for m in request.messages)),
    _refused("tools.custom", "tools take JSON", _has_custom_tools),
    _refused("tools", "another provider's own tools", lambda request: _is_opaque_elsewhere(request.tools)),
    _dropped("tool_choice", "calls cannot be forbidden once the history holds some", _must_not_call),
    _dropped("is_parallel_allowed", "only Claude can be told to call one tool at a time", _limits_parallel_calls),
    _refused("choices", "there is one answer", lambda request: (request.choices or 1) > 1),
    _refused("output_format", "JSON comes after a schema only", _wants_any_json),
    _refused("output_format.schema", "a schema is needed", _lacks_schema),
    _refused("modalities", "it answers in text", _speaks),
    _dropped("sampling.top_k", "it is not known how the model takes it", _wants_top_k),
    _dropped(
        "sampling.frequency_penalty",
        "it has no such field",
        lambda request: request.sampling.frequency_penalty is not None,
    ),
    _dropped(
        "sampling.presence_penalty",
        "it has no such field",
        lambda request: request.sampling.presence_penalty is not None,
    ),
    _dropped("sampling.seed", "it has no such field", lambda request: request.sampling.seed is not None),
    _dropped("reasoning", "the model cannot be told to reason, or not beside the rest of the request", _reasons),
    _dropped("verbosity", "it has no such field", lambda request: request.verbosity is not None),
    _dropped("wants_logprobs", "it has no such field", lambda request: bool(request.wants_logprobs)),
    _dropped("top_logprobs", "it has no such field", lambda request: request.top_logprobs is not None),
    _dropped("user", "it has no such field", lambda request: request.user is not None),
    _dropped("safety_identifier", "it has no such field", lambda request: request.safety_identifier is not None),
    _dropped("service_tier", "another provider's tier", _has_unknown_tier),
    _dropped("cache_key", "it has no such field", lambda request: request.cache_key is not None),
    _dropped("is_stored", "nothing is stored", lambda request: bool(request.is_stored)),
)
"""In the order of a request: media, messages, tools, the answer's form, sampling, and what goes along."""
