"""Requests that are translated: whole, from a caller's bytes to a provider's, and reading one that holds pictures."""

import json
import random
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.cases.case import Case
from benchmarks.cases.samples import PARAGRAPH, chat_request
from stellwerk.core.chat import ChatRequest
from stellwerk.core.route import Target
from stellwerk.core.wire import WireRequest
from stellwerk.dialects.anthropic_messages import request as anthropic_messages
from stellwerk.dialects.bedrock_converse import request as bedrock_converse
from stellwerk.dialects.gemini import request as gemini
from stellwerk.dialects.openai_chat import request as openai_chat
from stellwerk.dialects.openai_responses import request as openai_responses
from stellwerk.ports.credential import Signing
from stellwerk.ports.provider import Provider
from stellwerk.providers import anthropic, bedrock
from stellwerk.providers import gemini as google

PICTURES = 4
PICTURE_BYTES = 937_500
SECRET = "wJalrXUtnFEMI"  # noqa: S105 (opens nothing)
NOW_S = 1_767_225_600.0


def cases() -> Iterator[Case]:
    """A chat request of 1 KB for three providers, then a request of 5 MB in each dialect."""
    body = chat_request(1_000)
    for name, provider, model in _providers():
        call = partial(_translate, body, provider, Target(f"mock/{model}", "mock", model))
        yield Case(group="translate", name=f"chat to {name}, 1 KB", call=call)
    yield Case(group="translate", name="chat read whole, 1 KB", call=partial(openai_chat.decode, body))
    for name, decode, pictures in _with_pictures():
        yield Case(group="translate", name=f"{name} read whole, 5 MB with pictures", call=partial(decode, pictures))


def _translate(body: bytes, provider: Provider, target: Target) -> WireRequest:
    wire = provider.prepare_chat(openai_chat.decode(body), target, "", b"")
    return provider.sign(wire, NOW_S) if isinstance(provider, Signing) else wire


def _providers() -> Iterator[tuple[str, Provider, str]]:
    yield "Anthropic", anthropic.build(anthropic.Settings("sk-provider")), "claude-sonnet-4-5"
    yield "Gemini", google.build(google.Settings("sk-provider")), "gemini-2.5-flash"
    keys = bedrock.Settings(region="eu-central-1", access_key_id="AKIDEXAMPLE", secret_access_key=SECRET)
    yield "Converse, signed", bedrock.build(keys), "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"


def _with_pictures() -> Iterator[tuple[str, Callable[[bytes], ChatRequest], bytes]]:
    chance = random.Random(1)
    pictures = [b64encode(chance.randbytes(PICTURE_BYTES)).decode() for _ in range(PICTURES)]
    urls = [f"data:image/png;base64,{picture}" for picture in pictures]

    def body(messages: str, content: str, text: object, entries: list[dict[str, object]], **rest: object) -> bytes:
        return json.dumps({**rest, messages: [{"role": "user", content: [text, *entries]}]}).encode()

    text = {"type": "text", "text": PARAGRAPH}
    yield (
        "chat",
        openai_chat.decode,
        body(
            "messages", "content", text, [{"type": "image_url", "image_url": {"url": url}} for url in urls], model="m"
        ),
    )
    words = {"type": "input_text", "text": PARAGRAPH}
    yield (
        "Responses",
        openai_responses.decode,
        body("input", "content", words, [{"type": "input_image", "image_url": url} for url in urls], model="m"),
    )
    blocks: list[dict[str, object]] = [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}} for data in pictures
    ]
    yield (
        "Anthropic",
        anthropic_messages.decode,
        body("messages", "content", text, blocks, model="m", max_tokens=256),
    )
    yield (
        "Gemini",
        partial(gemini.decode, model="m", is_stream=False),
        body(
            "contents",
            "parts",
            {"text": PARAGRAPH},
            [{"inlineData": {"mimeType": "image/png", "data": data}} for data in pictures],
        ),
    )
    yield (
        "Converse",
        partial(bedrock_converse.decode, model="m", is_stream=False),
        body(
            "messages",
            "content",
            {"text": PARAGRAPH},
            [{"image": {"format": "png", "source": {"bytes": data}}} for data in pictures],
        ),
    )
