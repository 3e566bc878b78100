"""Prompt Guard behind two kinds of servers: labels and probabilities have to agree."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from stellwerk.errors import GuardrailUnavailable
from stellwerk.guardrails.prompt_guard import Settings, build
from stellwerk.ports.guardrail import RemoteGuardrail
from stellwerk.text.reading import read


def made(**options: Any) -> RemoteGuardrail:
    return build(Settings(base_url="http://127.0.0.1:9", **options))


def score(body: Any, **options: Any) -> float:
    return made(**options).read((read("Hi"),), 200, {}, msgspec.json.encode(body))[0][0].score


def labelled(**scores: float) -> list[list[dict[str, Any]]]:
    return [[{"label": label, "score": value} for label, value in scores.items()]]


def classified(label: str | None, probs: list[float], index: int = 0) -> dict[str, Any]:
    return {"object": "list", "data": [{"index": index, "label": label, "probs": probs, "num_classes": len(probs)}]}


def test_two_texts_are_no_pair() -> None:
    asked = made().prepare((read("a"), read("b")))
    assert asked.path == b"/predict"
    assert msgspec.json.decode(asked.body) == {"inputs": [["a"], ["b"]], "raw_scores": False, "truncate": False}
    asked = made(api="vllm", model="m", path="/v1/classify").prepare((read("a"), read("b")))
    assert asked.path == b"/v1/classify"
    assert msgspec.json.decode(asked.body) == {"model": "m", "input": ["a", "b"]}


@pytest.mark.parametrize(
    "body",
    [
        labelled(MALICIOUS=0.75, BENIGN=0.25),
        labelled(LABEL_0=0.25, LABEL_1=0.75),
        labelled(BENIGN=0.25, INJECTION=0.5, JAILBREAK=0.25),
    ],
)
def test_whatever_is_not_benign_is_an_attack(body: Any) -> None:
    assert score(body) == pytest.approx(0.75)


@pytest.mark.parametrize(
    "body",
    [
        labelled(MALICIOUS=0.75),
        labelled(BENIGN=1.0, SAFE=0.0),
        labelled(BENIGN=0.5, SPAM=0.5),
        labelled(BENIGN=0.9, MALICIOUS=0.9),
        labelled(BENIGN=0.0, MALICIOUS=0.0),
        [[*labelled(BENIGN=0.5)[0], *labelled(BENIGN=0.5)[0]]],
        [[]],
        [],
        labelled(BENIGN=1.0)[0],
    ],
)
def test_labels_that_do_not_add_up_are_no_verdict(body: Any) -> None:
    with pytest.raises(GuardrailUnavailable):
        score(body)


@pytest.mark.parametrize(("label", "probs"), [("LABEL_1", [0.25, 0.75]), ("BENIGN", [0.6, 0.2, 0.2])])
def test_the_first_class_is_the_harmless_one(label: str, probs: list[float]) -> None:
    assert score(classified(label, probs), api="vllm") == pytest.approx(1 - probs[0])


@pytest.mark.parametrize(
    "body",
    [
        classified("LABEL_0", [0.25, 0.75]),
        classified("LABEL_1", [0.75, 0.25]),
        classified(None, [0.75, 0.25]),
        classified("LABEL_0", [1.0]),
        classified("LABEL_0", [0.5, 0.1]),
        classified("LABEL_0", [0.75, 0.25], index=1),
        {"data": []},
    ],
)
def test_classes_that_do_not_agree_are_no_verdict(body: Any) -> None:
    with pytest.raises(GuardrailUnavailable):
        score(body, api="vllm")


@pytest.mark.parametrize(
    "options",
    [{"benign": ()}, {"benign": ("A",), "malicious": ("A",)}, {"max_bytes": 1}, {"max_texts": 0}, {"threshold": 0.0}],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"benign|max_bytes|threshold"):
        made(**options)
