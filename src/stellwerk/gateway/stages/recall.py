"""Step 7 of a request: may its answer be one that is there already, whose may it be, and how is it found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from stellwerk.core.cached import Tier
from stellwerk.core.chat import ChatRequest
from stellwerk.core.identity import Principal
from stellwerk.core.part import Audio, Document, FileSource, Image, OpaquePart, Part, Text, ToolResult, UrlSource, Video
from stellwerk.core.request_key import Asked, asked, asked_of, digest, read_once
from stellwerk.core.snapshot import CachingSpec
from stellwerk.core.tool import OpaqueTool
from stellwerk.dialects.own_tools import has_own_tools
from stellwerk.errors import InvalidRequest
from stellwerk.gateway.speeches import is_spoken

if TYPE_CHECKING:
    from stellwerk.core.envelope import Envelope
    from stellwerk.gateway.dialect import Dialect
    from stellwerk.gateway.recollection import Caching

EVERYONE = "everyone"
RESPONSES = "openai_responses"
LONGEST_BYTES = 1_048_576
"""A longer request is not looked for: to read it takes longer than others may wait."""
_COUNTS = ("n", "best_of")
_SAMPLED = ("logprobs", "top_logprobs")
_SCHEMES = ("http://", "https://", "gs://", "s3://")
_LINK = re.compile(rb'"(?:https?|gs|s3):\\?/')
"""A string that is one, in JSON, which may write a slash in two ways."""
_TEXTS = frozenset(("input", "query", "text", "prompt", "content", "document", "suffix"))
_CONTAINERS = (dict, list)
_REFERRING = ("previous_response_id", "conversation", "background")
_NULL = msgspec.Raw(b"null")
_NOTHING = (_NULL, msgspec.Raw(b"false"), msgspec.Raw(b'""'))
_SECRETS = "reasoning.encrypted_content"
"""What ``include`` calls it."""


class Look(msgspec.Struct, frozen=True):
    """By what an answer is looked for: of each place the key, and how what lies there was found."""

    owners: tuple[str, ...]
    """Whose answers it may be: the caller's own first, then those that it shares."""
    scopes: tuple[bytes, ...]
    """By owner, a digest of all but the last turn."""
    exact: tuple[bytes, ...]
    """By owner, the key of this very request."""
    alike: tuple[bytes, ...] = ()
    """By owner, the key of requests whose last turn differs in writing alone."""
    question: str | None = None
    """The last turn, where it is a text and nothing else."""
    normal: str = ""
    """The same, without what makes no difference."""
    earlier_turns: int = 0
    """How many turns stand before it."""
    is_plain: bool = False
    """Whether the answer can rest on nothing but what was said: there are no tools, nor what these have told."""

    @property
    def places(self) -> tuple[tuple[bytes, Tier], ...]:
        """Where it may lie, in the order in which these are looked at."""
        exact = tuple((key, Tier.EXACT) for key in self.exact)
        return exact + tuple((key, Tier.NORMALIZED) for key in self.alike)


def owners(principal: Principal, scope: str) -> tuple[str, ...]:
    """Whose answers a caller may get: its own, which nobody else gets, and those that it shares with others."""
    organization, team = _plain(principal.organization), _plain(principal.team)
    key = f"key:{organization}/{team}/{_plain(principal.key_name)}"
    own = f"{key}/{_plain(principal.user)}"
    if scope == "team" and team:
        return own, f"team:{organization}/{team}"
    if scope == "organization" and organization:
        return own, f"organization:{organization}"
    return own, EVERYONE if scope == EVERYONE else key


def _plain(name: str) -> str:
    """A name without what stands between names."""
    return name.replace("~", "~0").replace("/", "~1") if "/" in name or "~" in name else name


def look(base: bytes, who: tuple[str, ...], asked: Asked, normal: str | None) -> Look:
    """By what the answer to a request is looked for. ``base`` is a digest of how the model is served."""
    rest, question = asked.rest, asked.question
    scopes = tuple(digest(base, owner, b"scope", rest) for owner in who)
    if question is None:
        return Look(who, scopes, tuple(digest(base, owner, b"whole", rest) for owner in who))
    said = question.encode("utf-8", "surrogatepass")
    exact = tuple(digest(base, owner, scope, said) for owner, scope in zip(who, scopes, strict=True))
    if normal is None:
        return Look(who, scopes, exact, (), question, "", asked.earlier_turns, asked.is_plain)
    alike = normal.encode("utf-8", "surrogatepass")
    found = tuple(digest(base, owner, b"alike", scope, alike) for owner, scope in zip(who, scopes, strict=True))
    return Look(who, scopes, exact, found, question, normal, asked.earlier_turns, asked.is_plain)


def question_of(
    dialect: Dialect, envelope: Envelope, path: bytes, caching: Caching, *, is_keeping: bool
) -> Asked | str:
    """What the answer to a request depends on; or why there is no looking for it, in a word.

    ``is_keeping`` says that a provider may be asked in the caller's dialect, and may keep what it answers.
    """
    if len(envelope.body) > LONGEST_BYTES:
        return "long"
    try:
        values = read_once(envelope.body)
    except ValueError:
        return "unread"  # which of two members of one name counts is the provider's to say
    spec, decode = caching.spec, getattr(dialect, "decode", None)
    if decode is None or not is_spoken(envelope.dialect):
        kind = f"{envelope.dialect} {envelope.model} {envelope.is_stream:d} ".encode() + path
        return why_not_of(values, spec) or asked_of(kind, values, spec.ignore)
    if caching.searches:
        return "tools"
    try:
        decode_values = getattr(dialect, "decode_values", None)
        request = decode(envelope) if decode_values is None else decode_values(values, envelope)
    except InvalidRequest:
        return "unread"  # whoever is asked will say what is wrong with it
    return why_not(request, envelope.dialect, values, spec, is_keeping=is_keeping) or asked(request, spec.ignore)


def why_not(request: ChatRequest, dialect: str, values: Any, spec: CachingSpec, *, is_keeping: bool) -> str:
    """Why a request is neither looked for nor its answer kept, in a word; empty where it may be.

    ``values`` is what its body holds. ``is_keeping`` says that a provider may be asked in the caller's dialect, and may
    keep what it answers.
    """
    temperature = request.sampling.temperature
    if temperature is not None and temperature > spec.max_temperature:
        return "temperature"
    if (request.choices or 1) > 1:
        return "choices"
    if request.wants_logprobs or request.top_logprobs:
        return "logprobs"
    if request.audio is not None or any(word != "text" for word in request.modalities):
        return "modalities"
    if dialect == RESPONSES:
        why = _why_not_response(request, spec, is_keeping=is_keeping)
        if why:
            return why
    elif request.is_stored and "store" not in spec.ignore:
        return "stored"
    if any(isinstance(tool, OpaqueTool) for tool in request.tools) or has_own_tools(dialect, values):
        return "tools"  # what they find changes, and what they do is to be done anew
    return next(filter(None, map(_why_not_part, _others(request))), "")


def _why_not_response(request: ChatRequest, spec: CachingSpec, *, is_keeping: bool) -> str:
    """Why an answer of this dialect is no other's: by its id it can be gone on from, or fetched, where it is kept."""
    members = request.opaque.members if request.opaque is not None else {}
    if any(members.get(name, _NULL) not in _NOTHING for name in _REFERRING):
        return "references"
    # Saying nothing means that it is kept, by whoever speaks this dialect.
    is_stored = is_keeping if request.is_stored is None else request.is_stored
    if is_stored and "store" not in spec.ignore:
        return "stored"
    # In the form that only its provider can read, reasoning is for whoever has asked for it.
    included = members.get("include")
    wanted = msgspec.json.decode(included) if isinstance(included, msgspec.Raw) else None
    return "reasoning" if type(wanted) is list and _SECRETS in wanted else ""


def _others(request: ChatRequest) -> list[Part]:
    """Whatever is not a text, in results of tools as well."""
    parts: list[Part] = [part for message in request.messages for part in message.parts if type(part) is not Text]
    return parts + [inner for part in parts if isinstance(part, ToolResult) for inner in part.parts]


def _why_not_part(part: Part) -> str:
    """Why an answer to this is not kept: it rests on something that is elsewhere."""
    match part:
        case OpaquePart():
            if part.kind == "item_reference":
                return "references"
            return "links" if _LINK.search(bytes(part.raw)) is not None else ""
        case Image() | Audio() | Video() | Document():
            if isinstance(part.source, FileSource) or (isinstance(part, Audio) and part.id is not None):
                return "references"
            return "links" if isinstance(part.source, UrlSource) else ""
        case _:
            return ""


def why_not_of(members: Any, spec: CachingSpec) -> str:
    """The same for a request without a neutral form, by its members."""
    if type(members) is not dict:
        return "unread"
    temperature = members.get("temperature")
    if isinstance(temperature, int | float) and temperature > spec.max_temperature:
        return "temperature"
    if any(members.get(name) not in (None, 1) for name in _COUNTS):
        return "choices"
    if any(members.get(name) for name in _SAMPLED):
        return "logprobs"
    return "links" if _names_links(members) else ""


def _names_links(members: dict[str, Any]) -> bool:
    """Whether something in it is named by where it is, and is not a text itself."""
    held: list[Any] = [members]
    while held:
        value = held.pop()
        if type(value) is dict:
            for name, inner in value.items():
                if type(inner) is str and name not in _TEXTS and inner.startswith(_SCHEMES):
                    return True
            held += (inner for inner in value.values() if type(inner) in _CONTAINERS and inner)
        elif type(value[0]) is not int:  # tokens are many
            held += (inner for inner in value if type(inner) in _CONTAINERS and inner)
    return False
