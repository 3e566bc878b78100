"""OpenAI's moderation, Prompt Guard behind two servers, and Llama Guard: what they are asked, and what they answer."""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec

from stellwerk.simulator.verdicts.opinion import SURE, judge
from stellwerk.simulator.verdicts.service import Form

_CATEGORIES = {
    "harassment": ("insult",),
    "harassment/threatening": (),
    "hate": ("hate",),
    "hate/threatening": (),
    "illicit": ("crime",),
    "illicit/violent": (),
    "self-harm": ("self_harm",),
    "self-harm/intent": (),
    "self-harm/instructions": (),
    "sexual": ("sexual",),
    "sexual/minors": (),
    "violence": ("violence",),
    "violence/graphic": (),
}
_CODES = {"violence": "S1", "crime": "S2", "hate": "S10", "self_harm": "S11", "sexual": "S12", "insult": "S10"}


class Moderation(Form, forbid_unknown_fields=True):
    """``/v1/moderations``."""

    input: str | list[str]
    model: str = ""

    def texts(self) -> list[str]:
        """One or many."""
        return [self.input] if isinstance(self.input, str) else self.input

    def answer(self) -> Any:
        """A result for each."""
        opinions = [judge(text) for text in self.texts()]
        scores = [{name: one.score(*harms) for name, harms in _CATEGORIES.items()} for one in opinions]
        results = [
            {
                "flagged": SURE in own.values(),
                "categories": {name: score == SURE for name, score in own.items()},
                "category_scores": own,
                "category_applied_input_types": {name: ["text"] for name in own},
            }
            for own in scores
        ]
        return {"id": "modr-1", "model": self.model, "results": results}


class Predict(Form, forbid_unknown_fields=True):
    """Text Embeddings Inference's ``/predict``."""

    inputs: list[tuple[str]]
    raw_scores: bool = False
    truncate: bool = False

    def texts(self) -> list[str]:
        """Each alone."""
        return [text for (text,) in self.inputs]

    def answer(self) -> Any:
        """Both labels, the likelier one first."""
        pairs = [(judge(text).attack, "MALICIOUS") for text in self.texts()]
        both = [sorted([(score, label), (1 - score, "BENIGN")], reverse=True) for score, label in pairs]
        return [[{"score": score, "label": label} for score, label in own] for own in both]


class Classify(Form, forbid_unknown_fields=True):
    """vLLM's ``/classify``."""

    input: str | list[str]
    model: str = ""

    def texts(self) -> list[str]:
        """One or many."""
        return [self.input] if isinstance(self.input, str) else self.input

    def answer(self) -> Any:
        """The likelier label, and the probabilities of both."""
        data = [
            {
                "index": index,
                "label": "LABEL_1" if score > 0.5 else "LABEL_0",
                "probs": [1 - score, score],
                "num_classes": 2,
            }
            for index, score in enumerate(judge(text).attack for text in self.texts())
        ]
        return {"id": "classify-1", "object": "list", "created": 0, "model": self.model, "data": data, "usage": {}}


class _Said(msgspec.Struct, forbid_unknown_fields=True):
    role: Literal["user", "assistant"]
    content: str


class Conversation(Form, forbid_unknown_fields=True):
    """``/v1/chat/completions`` of Llama Guard, which judges the last message."""

    messages: list[_Said]
    model: str = ""
    temperature: float = 0
    max_tokens: int = 20
    logprobs: bool = False
    top_logprobs: int = 0

    def texts(self) -> list[str]:
        """What was said last."""
        return [self.messages[-1].content] if self.messages else []

    def answer(self) -> Any:
        """Its two words."""
        harms = judge(self.texts()[0]).harms
        word = "unsafe" if harms else "safe"
        content = word + ("\n" + ",".join(sorted({_CODES[harm] for harm in harms})) if harms else "")
        other = "safe" if harms else "unsafe"
        likely = [{"token": word, "logprob": math.log(SURE)}, {"token": other, "logprob": math.log(1 - SURE)}]
        tokens = [{"token": "\n\n", "logprob": 0.0, "top_logprobs": []}, likely[0] | {"top_logprobs": likely}]
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": "\n\n" + content},
            "finish_reason": "stop",
            "logprobs": {"content": tokens} if self.logprobs else None,
        }
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": self.model,
            "choices": [choice],
            "usage": usage,
        }
