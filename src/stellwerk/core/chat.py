"""The neutral chat request: what the dialects can say in common, with the rest kept opaque."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import CacheMark, Part
from stellwerk.core.tool import Tool, ToolChoice


class Role(enum.Enum):
    """Who speaks."""

    SYSTEM = "system"
    """Standing instructions. They stay where the caller put them, also mid-conversation; dialects that keep them apart
    (Anthropic ``system``, Gemini ``systemInstruction``, Converse ``system``, Responses ``instructions``) decode them
    as the first messages, and their encoders take the leading ones out again."""
    DEVELOPER = "developer"
    """OpenAI's newer word for the same; other dialects encode it as ``SYSTEM``."""
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"
    """Results of tools, nothing else. Anthropic and Converse carry them inside a user turn: decoders split such a turn
    into a tool message and a user message, encoders join neighbouring ones again, results first in call order."""


class Message(msgspec.Struct, frozen=True):
    """One turn. ``name`` tells several speakers of one role apart (OpenAI). ``cache`` marks the whole message.

    Parts stand in the order in which the model sees them; in an assistant's turn thinking comes first and tool calls
    last where the dialect keeps them in fields of their own (OpenAI chat).
    """

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None
    cache: CacheMark | None = None
    opaque: Opaque | None = None


class Sampling(msgspec.Struct, frozen=True):
    """How the next token is drawn; ``None`` leaves a value to the provider.

    Ranges differ by dialect (temperature 0..2 with OpenAI and Gemini, 0..1 with Anthropic) and are the provider's to
    check. Whole numbers stay whole. Penalties and ``seed`` are OpenAI's and Gemini's, ``top_k`` Anthropic's,
    Gemini's and many compatible hosts'.
    """

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None


class Reasoning(msgspec.Struct, frozen=True):
    """How much the model shall think before it answers.

    ``effort`` is a provider's word (``none minimal low medium high xhigh max``): OpenAI ``reasoning_effort``,
    Responses ``reasoning.effort``, Anthropic ``output_config.effort``, Gemini ``thinkingLevel``. ``budget_tokens`` is
    a number of tokens (Anthropic ``thinking.budget_tokens``, Gemini ``thinkingBudget``, where -1 lets the model
    decide). ``is_enabled`` is an explicit on or off. ``display`` says what of it the caller wants to see: a word such
    as ``summarized``, ``omitted`` (Anthropic), ``auto``, ``concise``, ``detailed`` (Responses).
    """

    effort: str | None = None
    budget_tokens: int | None = None
    is_enabled: bool | None = None
    display: str | None = None
    opaque: Opaque | None = None


class JsonObjectFormat(msgspec.Struct, frozen=True):
    """Any JSON object (OpenAI ``json_object``, Gemini ``responseMimeType`` without a schema)."""

    opaque: Opaque | None = None


class JsonSchemaFormat(msgspec.Struct, frozen=True):
    """JSON after a schema (raw JSON; ``None`` where the caller left it out).

    OpenAI ``response_format.json_schema``, Responses ``text.format``, Anthropic ``output_config.format``, Gemini
    ``responseJsonSchema``, Converse ``outputConfig.textFormat``. OpenAI demands ``name``; elsewhere it may be empty.
    """

    schema: msgspec.Raw | None
    name: str = ""
    description: str | None = None
    is_strict: bool | None = None
    opaque: Opaque | None = None


OutputFormat: TypeAlias = JsonObjectFormat | JsonSchemaFormat
"""What the answer must look like; its absence means plain text."""


class AudioOutput(msgspec.Struct, frozen=True):
    """How the model shall speak: a voice's name and a format word (OpenAI ``audio``, Gemini ``speechConfig``)."""

    voice: str
    format: str | None = None
    opaque: Opaque | None = None


class ChatRequest(msgspec.Struct, frozen=True):
    """One request for a chat answer, in no dialect.

    ``None`` or an empty tuple means "not said". ``output_cap`` limits output tokens, reasoning included. ``stop`` are
    sequences that end the answer. ``choices`` is how many candidates are wanted. ``modalities`` are words such as
    ``text``, ``audio``, ``image``. ``verbosity`` is ``low medium high``. ``top_logprobs`` counts alternatives per
    token. ``user`` names the end user to the provider (OpenAI ``user``, Anthropic ``metadata.user_id``),
    ``safety_identifier`` does so hashed; ``metadata`` is the caller's own map (OpenAI ``metadata``, Gemini ``labels``,
    Converse ``requestMetadata``). ``service_tier`` is a provider's word. ``cache_key`` keeps requests with one prefix
    together (OpenAI ``prompt_cache_key``). ``is_stored`` asks the provider to keep the answer. ``wants_usage`` asks
    for usage at the end of a stream. ``opaque`` are members of the request that only its dialect knows.
    """

    model: str
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    is_parallel_allowed: bool | None = None
    sampling: Sampling = Sampling()
    output_cap: int | None = None
    stop: tuple[str, ...] = ()
    choices: int | None = None
    output_format: OutputFormat | None = None
    reasoning: Reasoning | None = None
    verbosity: str | None = None
    modalities: tuple[str, ...] = ()
    audio: AudioOutput | None = None
    wants_logprobs: bool | None = None
    top_logprobs: int | None = None
    user: str | None = None
    safety_identifier: str | None = None
    metadata: Mapping[str, str] | None = None
    service_tier: str | None = None
    cache_key: str | None = None
    is_stored: bool | None = None
    is_stream: bool = False
    wants_usage: bool = False
    opaque: Opaque | None = None
