"""A host of OpenAI's kind: one address that serves chat, and besides it whatever else of OpenAI's dialects it has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from stellwerk.core.chat import ChatRequest
from stellwerk.core.embedding import EmbeddingRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.loss import Loss
from stellwerk.core.media import Link
from stellwerk.core.part import Image, Video
from stellwerk.core.route import Target
from stellwerk.core.wire import Failure, WireRequest
from stellwerk.dialects.bearer_upstream import BearerUpstream
from stellwerk.dialects.openai_chat.losses import LOSSES
from stellwerk.dialects.openai_chat.request import encode
from stellwerk.dialects.openai_chat.upstream import OpenAIUpstream

PASSED = frozenset(
    {
        "openai_files",
        "openai_batches",
        "openai_stored_responses",
        "openai_fine_tuning",
        "openai_images",
        "openai_audio",
    }
)
"""Operations that are passed through (see ``openai_passage``)."""

_FETCHED = (Image, Video)


class OpenAIHost:
    """A host under ``base_url`` (with ``/v1``, as its own SDK takes it). ``beside`` are its dialects besides chat.

    ``cap`` is the member under which it takes the limit of output tokens from callers of other dialects: OpenAI's own
    models refuse the older ``max_tokens``, most other hosts know nothing else.
    """

    dialect = "openai_chat"
    embedding_dialect = "openai_embeddings"
    losses: tuple[Loss, ...] = LOSSES

    def __init__(
        self,
        base_url: str,
        *,
        beside: Iterable[str],
        fields: tuple[tuple[str, str], ...] = (),
        cap: str = "max_completion_tokens",
    ) -> None:
        self._chat = OpenAIUpstream(base_url, fields=fields)
        self.origin = self._chat.origin
        self.cap = cap
        """What it calls the limit of output tokens."""
        self._base_url = base_url
        self._added = fields
        self._spoken = frozenset((self.dialect, *beside, *PASSED))
        self._upstreams: dict[str, BearerUpstream] = {OpenAIHost.dialect: self._chat}

    def speaks(self, dialect: str) -> bool:
        """Whether it serves that dialect's path."""
        return dialect in self._spoken

    def takes_url(self, link: Link) -> bool:
        """Pictures and films are fetched by the host; files and sound go along."""
        return link.kind in _FETCHED

    def prepare(self, envelope: Envelope, target: Target, credential: str, trace: bytes) -> WireRequest:
        """The caller's body with the target's model in it, under our own credential."""
        return self._upstream(envelope.dialect).prepare(envelope, target, credential, trace)

    def prepare_chat(self, request: ChatRequest, target: Target, credential: str, trace: bytes) -> WireRequest:
        """The request of a caller who speaks another dialect; a stream is asked for its usage."""
        asked = msgspec.structs.replace(request, model=target.model, wants_usage=request.is_stream)
        return self._chat.ask(encode(asked, cap=self.cap), credential, trace)

    def prepare_embedding(
        self, request: EmbeddingRequest, target: Target, credential: str, trace: bytes
    ) -> WireRequest:
        """The request of a caller who speaks another dialect."""
        from stellwerk.dialects.openai_embeddings.request import encode as encode_embedding

        body = encode_embedding(msgspec.structs.replace(request, model=target.model))
        return self._upstream(self.embedding_dialect).ask(body, credential, trace)

    def prepare_probe(self, credential: str) -> WireRequest:
        """Asks for its models, which costs nothing."""
        return self._chat.get(b"/models", credential)

    def classify(self, status: int, headers: Mapping[bytes, bytes], body: bytes, now: float) -> Failure:
        """Reads the error body that all of OpenAI's dialects share, or whatever stands in its place."""
        return self._chat.classify(status, headers, body, now)

    def _upstream(self, dialect: str) -> BearerUpstream:
        upstream = self._upstreams.get(dialect)
        if upstream is None:
            self._upstreams[dialect] = upstream = _kind_of(dialect)(self._base_url, fields=self._added)
        return upstream


def _kind_of(dialect: str) -> Callable[..., BearerUpstream]:
    """How such a host is asked in a dialect besides chat; loaded when somebody does."""
    match dialect:
        case "openai_responses":
            from stellwerk.dialects.openai_responses.upstream import ResponsesUpstream

            return ResponsesUpstream
        case "openai_completions":
            from stellwerk.dialects.openai_completions.upstream import CompletionsUpstream

            return CompletionsUpstream
        case "openai_embeddings":
            from stellwerk.dialects.openai_embeddings.upstream import EmbeddingsUpstream

            return EmbeddingsUpstream
        case "openai_moderations":
            from stellwerk.dialects.openai_moderations.upstream import ModerationsUpstream

            return ModerationsUpstream
        case _ if dialect in PASSED:
            from stellwerk.dialects.openai_passage.upstream import PassageUpstream

            return PassageUpstream
        case _:
            from stellwerk.dialects.rerank.upstream import RerankUpstream

            return RerankUpstream
