"""A host of OpenAI's kind whose models are asked through Responses: newer ones are served nowhere else."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from stellwerk.core.chat import ChatRequest
from stellwerk.core.loss import Loss
from stellwerk.core.media import Link
from stellwerk.core.part import Image
from stellwerk.core.route import Target
from stellwerk.core.wire import WireRequest
from stellwerk.dialects.openai_host import OpenAIHost
from stellwerk.dialects.openai_responses.losses import LOSSES
from stellwerk.dialects.openai_responses.request import encode
from stellwerk.dialects.openai_responses.types import DIALECT


class ResponsesHost(OpenAIHost):
    """What ``OpenAIHost`` is, but for chat: its callers are translated too, as those of every other dialect are."""

    dialect = DIALECT
    losses: tuple[Loss, ...] = LOSSES

    def __init__(self, base_url: str, *, beside: Iterable[str], fields: tuple[tuple[str, str], ...] = ()) -> None:
        others = (dialect for dialect in beside if dialect != "openai_completions")
        super().__init__(base_url, beside=others, fields=fields)

    def takes_url(self, link: Link) -> bool:
        """Pictures are fetched by the host."""
        return link.kind is Image

    def prepare_chat(self, request: ChatRequest, target: Target, credential: str, trace: bytes) -> WireRequest:
        """The request of a caller who speaks another dialect."""
        body = encode(msgspec.structs.replace(request, model=target.model))
        return self._upstream(DIALECT).ask(body, credential, trace)
