"""Writes answers whole: candidates with their parts, a prompt that was blocked, embeddings, models."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any
from zlib import crc32

import msgspec

from stellwerk.simulator.answer import Answer, Call, Choice
from stellwerk.simulator.ask import Ask, Vectors
from stellwerk.simulator.dialect import Endpoint, Stamp
from stellwerk.simulator.dice import digest
from stellwerk.simulator.gemini.names import demands_signatures
from stellwerk.simulator.gemini.signature import sign
from stellwerk.simulator.gemini.usage import usage_of
from stellwerk.simulator.logprobs import logprobs_of
from stellwerk.simulator.scenario import SimulatedModel
from stellwerk.simulator.vector import vector

_FINISHES = {"stop": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
_CATEGORY = "HARM_CATEGORY_DANGEROUS_CONTENT"


def content(ask: Ask, answer: Answer, stamp: Stamp) -> bytes:
    """The body of a whole answer."""
    if is_blocked(answer):
        return msgspec.json.encode(blocked(ask, answer, stamp))
    candidates = [
        candidate(number, [*thoughts_of(choice), *_text_of(ask, choice), *calls_of(ask, choice)])
        | {"finishReason": finish_of(choice)}
        | ratings_of(choice)
        | logprobs_in(ask, choice)
        for number, choice in enumerate(answer.choices)
    ]
    return msgspec.json.encode(
        {"candidates": candidates, "usageMetadata": usage_of(answer.usage), **identity(ask, stamp)}
    )


def is_blocked(answer: Answer) -> bool:
    """Whether the prompt is refused: there is no candidate then."""
    return answer.choices[0].is_refusal


def blocked(ask: Ask, answer: Answer, stamp: Stamp) -> dict[str, Any]:
    """The answer to a prompt that was blocked; nothing was generated for it."""
    tokens = answer.usage.input_tokens
    return {
        "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "usageMetadata": {"promptTokenCount": tokens, "totalTokenCount": tokens},
        **identity(ask, stamp),
    }


def candidate(number: int, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """A candidate that is not finished yet; without parts it has no content but a role."""
    return {"content": {"parts": parts, "role": "model"} if parts else {"role": "model"}, "index": number}


def identity(ask: Ask, stamp: Stamp) -> dict[str, str]:
    """What says which answer this is."""
    return {"modelVersion": ask.model, "responseId": stamp.id}


def finish_of(choice: Choice) -> str:
    """The finish reason in Google's words."""
    return _FINISHES[choice.finish]


def ratings_of(choice: Choice) -> dict[str, Any]:
    """The safety ratings, where a candidate was stopped for them."""
    if choice.finish != "content_filter":
        return {}
    return {"safetyRatings": [{"category": _CATEGORY, "probability": "HIGH", "blocked": True}]}


def logprobs_in(ask: Ask, choice: Choice) -> dict[str, Any]:
    """The log-probabilities of a candidate, if they are wanted."""
    if ask.logprobs is None or not choice.tokens:
        return {}
    entries = list(logprobs_of(choice, ask.logprobs))
    return {
        "avgLogprobs": math.fsum([entry["logprob"] for entry in entries]) / len(entries),
        "logprobsResult": {
            "chosenCandidates": [_logprob(entry) for entry in entries],
            "topCandidates": [{"candidates": list(map(_logprob, entry["top_logprobs"]))} for entry in entries],
        },
    }


def thoughts_of(choice: Choice) -> Iterator[dict[str, Any]]:
    """The part with what the model thought, if it is shown."""
    if choice.thoughts:
        yield {"text": "".join(choice.thoughts), "thought": True}


def signature_of(ask: Ask, choice: Choice, purpose: str = "") -> dict[str, str]:
    """The signature of what the model thought before a text, or before it called ``purpose``."""
    if not choice.reasoning_tokens and not demands_signatures(ask.model):
        return {}
    return {"thoughtSignature": sign(purpose, digest(choice.seed, purpose.encode()))}


def calls_of(ask: Ask, choice: Choice) -> Iterator[dict[str, Any]]:
    """A part for each call; only the first one is signed. A call that was cut off is lost."""
    for number, call in enumerate(choice.calls):
        arguments = _arguments(call)
        if arguments is not None:
            made: dict[str, Any] = {"name": call.name, "args": arguments}
            if demands_signatures(ask.model):
                made["id"] = call.id.removeprefix("call_")[:8].lower()
            yield {"functionCall": made, **(signature_of(ask, choice, call.name) if number == 0 else {})}


def vectors(asked: Vectors, dimensions: int) -> bytes:
    """One embedding, or a list of them."""
    made = [{"values": vector(text, asked.dimensions or dimensions).tolist()} for text in asked.texts]
    return msgspec.json.encode({"embedding": made[0]} if asked.is_single else {"embeddings": made})


def models(endpoint: Endpoint, known: Sequence[SimulatedModel]) -> bytes:
    """The models, or the one that the path names."""
    if endpoint.kind == "model":
        return msgspec.json.encode(_model(endpoint.model, 128_000))
    return msgspec.json.encode({"models": [_model(model.name, model.context_tokens) for model in known]})


def _text_of(ask: Ask, choice: Choice) -> Iterator[dict[str, Any]]:
    if choice.tokens:
        signature = signature_of(ask, choice) if demands_signatures(ask.model) else {}
        yield {"text": "".join(choice.tokens), **signature}


def _logprob(entry: dict[str, Any]) -> dict[str, Any]:
    return {"token": entry["token"], "tokenId": crc32(entry["token"].encode()), "logProbability": entry["logprob"]}


def _arguments(call: Call) -> Any:
    try:
        return msgspec.json.decode("".join(call.fragments))
    except msgspec.DecodeError:
        return None


def _model(name: str, context_tokens: int) -> dict[str, Any]:
    is_embedding = "embedding" in name
    actions = ["embedContent", "batchEmbedContents"] if is_embedding else ["generateContent", "countTokens"]
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": name,
        "description": "A simulated model",
        "inputTokenLimit": context_tokens,
        "outputTokenLimit": context_tokens,
        "supportedGenerationMethods": actions,
    }
