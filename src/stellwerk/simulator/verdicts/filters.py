"""Azure's Content Safety and Language, and Gemini's safety filters: what they are asked, and what they answer."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from stellwerk.simulator.verdicts.opinion import judge
from stellwerk.simulator.verdicts.service import Form

Kind = Literal["Hate", "SelfHarm", "Sexual", "Violence"]

_KINDS = {"Hate": "hate", "SelfHarm": "self_harm", "Sexual": "sexual", "Violence": "violence"}
_HARMS = {
    "HARM_CATEGORY_HARASSMENT": "insult",
    "HARM_CATEGORY_HATE_SPEECH": "hate",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT": "sexual",
    "HARM_CATEGORY_DANGEROUS_CONTENT": "crime",
}


class Analyze(Form, forbid_unknown_fields=True, rename="camel"):
    """``text:analyze``. Every list of words that is named has the word ``forbidden`` in it."""

    text: str
    categories: tuple[Kind, ...] = ("Hate", "SelfHarm", "Sexual", "Violence")
    blocklist_names: tuple[str, ...] = ()
    halt_on_blocklist_hit: bool = False
    output_type: Literal["FourSeverityLevels", "EightSeverityLevels"] = "FourSeverityLevels"

    def texts(self) -> list[str]:
        """The one."""
        return [self.text]

    def answer(self) -> Any:
        """A severity for each category."""
        opinion = judge(self.text)
        matches = [
            {"blocklistName": name, "blocklistItemId": "1", "blocklistItemText": "forbidden"}
            for name in self.blocklist_names
            if "forbidden" in self.text
        ]
        severities = [
            {"category": kind, "severity": 6 if _KINDS[kind] in opinion.harms else 0} for kind in self.categories
        ]
        return {"blocklistsMatch": matches, "categoriesAnalysis": severities}


class Shield(Form, forbid_unknown_fields=True, rename="camel"):
    """``text:shieldPrompt``."""

    user_prompt: str = ""
    documents: tuple[str, ...] = ()

    def texts(self) -> list[str]:
        """The prompt, then the documents."""
        return [self.user_prompt, *self.documents]

    def answer(self) -> Any:
        """Whether there is an attack in each."""
        prompt, *documents = [{"attackDetected": judge(text).is_attack} for text in self.texts()]
        return {"userPromptAnalysis": prompt, "documentsAnalysis": documents}


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    text: str
    language: str = "en"


class _Documents(msgspec.Struct, forbid_unknown_fields=True):
    documents: list[_Document]


class _Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    model_version: str = "latest"
    string_index_type: Literal["UnicodeCodePoint"] = "UnicodeCodePoint"


class Recognize(Form, forbid_unknown_fields=True, rename="camel"):
    """``:analyze-text`` of the kind ``PiiEntityRecognition``."""

    kind: Literal["PiiEntityRecognition"]
    analysis_input: _Documents
    parameters: _Parameters = _Parameters()

    def texts(self) -> list[str]:
        """Every document."""
        return [document.text for document in self.analysis_input.documents]

    def answer(self) -> Any:
        """The entities of every document."""
        documents = [
            {"id": document.id, "redactedText": "", "entities": _entities(document.text), "warnings": []}
            for document in self.analysis_input.documents
        ]
        results = {"documents": documents, "errors": [], "modelVersion": "2025-02-01"}
        return {"kind": "PiiEntityRecognitionResults", "results": results}


def _entities(text: str) -> list[dict[str, Any]]:
    opinion = judge(text)
    found = [("Email", place) for place in opinion.emails] + [("Person", place) for place in opinion.names]
    return [
        {
            "text": opinion.match((start, end)),
            "category": category,
            "offset": start,
            "length": end - start,
            "confidenceScore": 0.97,
        }
        for category, (start, end) in found
    ]


class _Part(msgspec.Struct, forbid_unknown_fields=True):
    text: str


class _Content(msgspec.Struct, forbid_unknown_fields=True):
    parts: list[_Part]
    role: str = "user"


class _Setting(msgspec.Struct, forbid_unknown_fields=True):
    category: str
    threshold: Literal["BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"]


class Generate(Form, forbid_unknown_fields=True, rename="camel"):
    """``:generateContent``, as far as the filters are concerned."""

    contents: list[_Content]
    safety_settings: tuple[_Setting, ...] = ()
    generation_config: dict[str, Any] | None = None

    def texts(self) -> list[str]:
        """Every part."""
        return [part.text for content in self.contents for part in content.parts]

    def answer(self) -> Any:
        """A blocked prompt has no candidates."""
        harms = {harm for text in self.texts() for harm in judge(text).harms}
        blocking = {one.category for one in self.safety_settings if one.threshold not in {"BLOCK_NONE", "OFF"}}
        ratings = [
            {"category": name, "probability": "HIGH", "blocked": True}
            if harm in harms and name in blocking
            else {"category": name, "probability": "HIGH" if harm in harms else "NEGLIGIBLE"}
            for name, harm in _HARMS.items()
        ]
        if any("blocked" in rating for rating in ratings):
            return {"promptFeedback": {"blockReason": "SAFETY", "safetyRatings": ratings}, "modelVersion": "gemini"}
        content = {"role": "model", "parts": [{"text": "I"}]}
        return {"candidates": [{"content": content, "finishReason": "MAX_TOKENS", "index": 0}]}
