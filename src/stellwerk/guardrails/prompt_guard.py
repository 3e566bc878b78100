"""Prompt Guard, or another classifier of attacks on prompts, behind a server for such models.

Those are Text Embeddings Inference (``/predict``) and vLLM or SGLang (``/classify``). The model reads 512 tokens:
longer texts are asked about in parts, and the worst part counts. When the server is away, the check has not run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from stellwerk.core.capacity import Capacity, Unit
from stellwerk.core.subject import Subject
from stellwerk.core.taxonomy import Threat
from stellwerk.core.thresholds import Thresholds
from stellwerk.core.verdict import Finding
from stellwerk.core.wire import WireRequest
from stellwerk.dialects.verdicts import Score, VerdictHost, bearer, need_one_each, no_verdict, read_verdict
from stellwerk.ports.guardrail import RemoteGuardrail

SECRETS = ("api_key",)
"""Options that hold a secret: the compiled configuration keeps references to them, the worker resolves them."""

_ROUNDING = 0.01


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the check takes. ``benign`` and ``malicious`` are the model's labels, the harmless one first."""

    base_url: str
    api: Literal["tei", "vllm"] = "tei"
    path: str = ""
    model: str = "meta-llama/Llama-Prompt-Guard-2-86M"
    api_key: str = ""
    benign: tuple[str, ...] = ("BENIGN", "LABEL_0", "SAFE")
    malicious: tuple[str, ...] = ("MALICIOUS", "LABEL_1", "INJECTION", "JAILBREAK", "LABEL_2")
    threshold: float = 0.5
    max_bytes: int = 1_200
    max_texts: int = 32

    def __post_init__(self) -> None:
        """Refuses labels that could not be told apart, and limits that nothing fits into."""
        Thresholds(self.threshold)
        if not self.benign or {*self.benign} & {*self.malicious}:
            raise ValueError("expected labels in `benign`, none of which is in `malicious`")
        if self.max_bytes < 16 or self.max_texts < 1:
            raise ValueError("expected `max_bytes` of at least 16 and `max_texts` of at least 1")


class _Label(msgspec.Struct):
    label: str
    score: Score


class _Class(msgspec.Struct):
    index: int
    label: str | None
    probs: list[Score]


class _Classes(msgspec.Struct):
    data: list[_Class]


_PREDICTED: msgspec.json.Decoder[list[list[_Label]]] = msgspec.json.Decoder(list[list[_Label]])
_CLASSES = msgspec.json.Decoder(_Classes)


class PromptGuard(VerdictHost):
    """Asks about many texts at once."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.base_url, bearer(settings.api_key))
        self.max_texts = settings.max_texts
        self.capacity = Capacity(settings.max_bytes, settings.max_texts * settings.max_bytes, Unit.UTF8)
        self._is_tei = settings.api == "tei"
        self._path = settings.path or ("/predict" if self._is_tei else "/classify")
        self._settings = settings
        self._thresholds = Thresholds(settings.threshold)

    def prepare(self, subjects: tuple[Subject, ...]) -> WireRequest:
        """All texts at once; none may be cut by the server."""
        texts = [subject.passage.text for subject in subjects]
        if self._is_tei:  # a list of two strings would be one pair
            asked = {"inputs": [[text] for text in texts], "raw_scores": False, "truncate": False}
            return self.ask(self._path, asked)
        return self.ask(self._path, {"model": self._settings.model, "input": texts})

    def read(
        self, subjects: tuple[Subject, ...], status: int, headers: Mapping[bytes, bytes], body: bytes
    ) -> tuple[tuple[Finding, ...], ...]:
        """How likely each text is anything but harmless."""
        del headers
        scores = self._predicted(status, body) if self._is_tei else self._classified(status, body)
        need_one_each(len(scores), len(subjects))
        return tuple(self._thresholds.judge([(Threat.PROMPT_ATTACK, score)]) for score in scores)

    def _predicted(self, status: int, body: bytes) -> list[float]:
        predicted = read_verdict(_PREDICTED, status, body)
        return [self._score(labels) for labels in predicted]

    def _score(self, labels: list[_Label]) -> float:
        scores = {one.label: one.score for one in labels}
        benign = [score for label, score in scores.items() if label in self._settings.benign]
        others = scores.keys() - {*self._settings.benign} - {*self._settings.malicious}
        if len(benign) != 1 or others or len(scores) != len(labels):
            no_verdict("its labels are not those of the model")
        _check_sum(sum(scores.values()))
        return max(0.0, 1 - benign[0])

    def _classified(self, status: int, body: bytes) -> list[float]:
        classes = read_verdict(_CLASSES, status, body).data
        if [one.index for one in classes] != list(range(len(classes))):
            no_verdict("its answers are in no order")
        return [self._likelihood(one) for one in classes]

    def _likelihood(self, one: _Class) -> float:
        """The first class is the harmless one: the label of the likeliest has to agree."""
        if len(one.probs) < 2:
            no_verdict("it is not about two classes")
        _check_sum(sum(one.probs))
        named = self._settings.benign if one.probs[0] == max(one.probs) else self._settings.malicious
        if one.label not in named:
            no_verdict("its labels are not those of the model")
        return max(0.0, 1 - one.probs[0])


def _check_sum(total: float) -> None:
    if abs(total - 1) > _ROUNDING:
        no_verdict("its probabilities do not make a whole")


def build(settings: Settings) -> RemoteGuardrail:
    """The check. Raises ``ValueError`` on a base URL that cannot be one."""
    return PromptGuard(settings)
