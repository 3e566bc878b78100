"""Bedrock's guardrails and Comprehend: what they are asked, and what they answer."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from stellwerk.simulator.verdicts.opinion import Opinion, judge
from stellwerk.simulator.verdicts.service import Form

_CONTENT = {
    "VIOLENCE": "violence",
    "HATE": "hate",
    "SEXUAL": "sexual",
    "MISCONDUCT": "crime",
    "INSULTS": "insult",
}
_TOXIC = {
    "GRAPHIC": (),
    "HARASSMENT_OR_ABUSE": (),
    "HATE_SPEECH": ("hate",),
    "INSULT": ("insult",),
    "PROFANITY": (),
    "SEXUAL": ("sexual",),
    "VIOLENCE_OR_THREAT": ("violence",),
}


class _Text(msgspec.Struct, forbid_unknown_fields=True):
    text: str


class _Message(msgspec.Struct, forbid_unknown_fields=True):
    role: Literal["user", "assistant", "system"]
    content: list[_Text]


class _Category(msgspec.Struct, forbid_unknown_fields=True):
    category: str


class _Type(msgspec.Struct, forbid_unknown_fields=True):
    type: str


class _Categories(msgspec.Struct, forbid_unknown_fields=True):
    categories: list[_Category]


class _Entities(msgspec.Struct, forbid_unknown_fields=True):
    entities: list[_Type]


class _Checks(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    content_filter: _Categories | None = None
    prompt_attack: _Categories | None = None
    sensitive_information: _Entities | None = None


class GuardrailChecks(Form, forbid_unknown_fields=True):
    """``InvokeGuardrailChecks``."""

    messages: list[_Message]
    checks: _Checks

    def texts(self) -> list[str]:
        """Every block of every message."""
        return [block.text for message in self.messages for block in message.content]

    def answer(self) -> Any:
        """Scores of everything together, places block by block."""
        opinions = [judge(text) for text in self.texts()]
        usage = {"textUnits": 1}
        results: dict[str, Any] = {}
        if self.checks.content_filter is not None:
            asked = [one.category for one in self.checks.content_filter.categories]
            results["contentFilter"] = {
                "results": [
                    {"category": word, "severityScore": max(one.score(_CONTENT[word]) for one in opinions)}
                    for word in asked
                ]
            }
        if self.checks.prompt_attack is not None:
            severity = max(one.attack for one in opinions)
            asked = [one.category for one in self.checks.prompt_attack.categories]
            results["promptAttack"] = {"results": [{"category": word, "severityScore": severity} for word in asked]}
        if self.checks.sensitive_information is not None:
            types = {one.type for one in self.checks.sensitive_information.entities}
            results["sensitiveInformation"] = {"results": self._entities(types), "truncated": False}
        return {"results": results, "usage": dict.fromkeys(results, usage)}

    def _entities(self, types: set[str]) -> list[dict[str, Any]]:
        return [
            {
                "type": kind,
                "confidenceScore": 0.97,
                "beginOffset": start,
                "endOffset": end,
                "messageIndex": number,
                "contentIndex": index,
            }
            for number, message in enumerate(self.messages)
            for index, block in enumerate(message.content)
            for kind, start, end in _places(judge(block.text))
            if kind in types
        ]


class _Qualified(_Text, forbid_unknown_fields=True):
    qualifiers: list[Literal["grounding_source", "query", "guard_content"]] = []


class _Block(msgspec.Struct, forbid_unknown_fields=True):
    text: _Qualified


class Guardrail(Form, forbid_unknown_fields=True, rename="camel"):
    """``ApplyGuardrail``: the guardrail blocks harm and attacks, and masks personal data."""

    source: Literal["INPUT", "OUTPUT"]
    content: list[_Block]
    output_scope: Literal["INTERVENTIONS", "FULL"] = "INTERVENTIONS"

    def texts(self) -> list[str]:
        """What is to be guarded: all of it where nothing is marked."""
        marked = [block.text.text for block in self.content if "guard_content" in block.text.qualifiers]
        return marked or [block.text.text for block in self.content]

    def answer(self) -> Any:
        """One assessment of all texts."""
        opinions = [judge(text) for text in self.texts()]
        scores = {word: max(one.score(harm) for one in opinions) for word, harm in _CONTENT.items()}
        scores["PROMPT_ATTACK"] = max(one.attack for one in opinions)
        filters = [_filter(word, is_hit=score > 0.5) for word, score in scores.items()]
        entities = [
            {"match": one.match((start, end)), "type": kind, "action": "ANONYMIZED", "detected": True}
            for one in opinions
            for kind, start, end in _places(one)
        ]
        is_blocked = any(one["action"] == "BLOCKED" for one in filters)
        units = ("topicPolicyUnits", "contentPolicyUnits", "wordPolicyUnits", "sensitiveInformationPolicyUnits")
        more = ("sensitiveInformationPolicyFreeUnits", "contextualGroundingPolicyUnits")
        length = sum(map(len, self.texts()))
        return {
            "usage": dict.fromkeys((*units, *more), 1),
            "action": "GUARDRAIL_INTERVENED" if is_blocked or entities else "NONE",
            "outputs": [{"text": "Blocked."}] if is_blocked else [],
            "assessments": [
                {
                    "contentPolicy": {"filters": filters},
                    "sensitiveInformationPolicy": {"piiEntities": entities, "regexes": []},
                }
            ],
            "guardrailCoverage": {"textCharacters": {"guarded": length, "total": length}},
        }


class Pii(Form, forbid_unknown_fields=True, rename="pascal"):
    """Comprehend's ``DetectPiiEntities``."""

    text: str
    language_code: str

    def texts(self) -> list[str]:
        """The one."""
        return [self.text]

    def answer(self) -> Any:
        """Every entity."""
        return {
            "Entities": [
                {"Score": 0.97, "Type": kind, "BeginOffset": start, "EndOffset": end}
                for kind, start, end in _places(judge(self.text))
            ]
        }


class _Segment(msgspec.Struct, forbid_unknown_fields=True, rename="pascal"):
    text: str


class Toxicity(Form, forbid_unknown_fields=True, rename="pascal"):
    """Comprehend's ``DetectToxicContent``."""

    text_segments: list[_Segment]
    language_code: str

    def texts(self) -> list[str]:
        """Every segment."""
        return [segment.text for segment in self.text_segments]

    def answer(self) -> Any:
        """Every label of every segment."""
        return {"ResultList": [_labelled(judge(text)) for text in self.texts()]}


def _labelled(opinion: Opinion) -> dict[str, Any]:
    scores = {name: opinion.score(*harms) for name, harms in _TOXIC.items()}
    labels = [{"Name": name, "Score": score} for name, score in scores.items()]
    return {"Labels": labels, "Toxicity": max(scores.values())}


def _filter(word: str, *, is_hit: bool) -> dict[str, Any]:
    confidence, action = ("HIGH", "BLOCKED") if is_hit else ("NONE", "NONE")
    return {
        "type": word,
        "confidence": confidence,
        "filterStrength": "MEDIUM",
        "action": action,
        "detected": is_hit,
    }


def _places(opinion: Opinion) -> list[tuple[str, int, int]]:
    found = [("EMAIL", *place) for place in opinion.emails] + [("NAME", *place) for place in opinion.names]
    return sorted(found, key=lambda entity: entity[1])
