"""Azure's three services: severities, attacks, and entities that have to be where they are said to be."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import pytest

from stellwerk.core.subject import Speaker
from stellwerk.core.taxonomy import Breach, Hazard, Pii
from stellwerk.core.verdict import Finding, Span
from stellwerk.errors import GuardrailUnavailable, UpstreamCredentials
from stellwerk.guardrails.azure import Settings, build
from stellwerk.ports.credential import Refreshed, Signing
from stellwerk.ports.guardrail import RemoteGuardrail
from stellwerk.text.reading import read

URL = "https://res.cognitiveservices.azure.com"
KINDS = ("Hate", "SelfHarm", "Sexual", "Violence")


def made(**options: Any) -> RemoteGuardrail:
    return build(Settings(base_url=URL, **{"api_key": "k", **options}), environment={})


def judged(
    body: Any, /, text: str = "Hi a@a.de", speaker: Speaker = Speaker.USER, **options: Any
) -> tuple[Finding, ...]:
    return made(**options).read((read(text, speaker=speaker),), 200, {}, msgspec.json.encode(body))[0]


def content(matches: tuple[str, ...] = (), **severities: int) -> dict[str, Any]:
    listed = [{"blocklistName": name, "blocklistItemId": "1", "blocklistItemText": "x"} for name in matches]
    rated = [{"category": kind, "severity": severities.get(kind, 0)} for kind in KINDS]
    return {"blocklistsMatch": listed, "categoriesAnalysis": rated}


def test_content_is_asked_about_at_all_levels() -> None:
    request = made(blocklists=("words",)).prepare((read("Hi"),))
    assert request.path == b"/contentsafety/text:analyze?api-version=2024-09-01"
    assert b"ocp-apim-subscription-key: k\r\n" in request.fields
    assert msgspec.json.decode(request.body) == {
        "text": "Hi",
        "categories": list(KINDS),
        "blocklistNames": ["words"],
        "haltOnBlocklistHit": False,
        "outputType": "EightSeverityLevels",
    }


def test_severities_are_scores_and_lists_of_words_are_patterns() -> None:
    found = judged(content(("a", "b", "a"), Hate=4, Violence=3))
    assert {str(finding.category): finding.score for finding in found if not finding.name} == {
        "S10": 4 / 7,
        "S11": 0.0,
        "S12": 0.0,
        "S1": 3 / 7,
    }
    assert {finding.name or str(finding.category) for finding in found if finding.is_hit} == {"S10", "a", "b"}
    assert Finding(Breach.PATTERN, 1.0, name="a") in found


@pytest.mark.parametrize("body", [content(Hate=8), content(Hate=-1), {"categoriesAnalysis": []}])
def test_severities_that_cannot_be_are_no_verdict(body: Any) -> None:
    with pytest.raises(GuardrailUnavailable):
        judged(body)


def test_what_a_tool_has_brought_is_a_document() -> None:
    check = made(detect="attacks", api_version="2025-01-01")
    request = check.prepare((read("Hi"),))
    assert request.path == b"/contentsafety/text:shieldPrompt?api-version=2025-01-01"
    assert msgspec.json.decode(request.body) == {"userPrompt": "Hi", "documents": []}
    request = check.prepare((read("Hi", speaker=Speaker.TOOL),))
    assert msgspec.json.decode(request.body) == {"userPrompt": "", "documents": ["Hi"]}


@pytest.mark.parametrize("is_attack", [True, False])
def test_only_the_text_that_was_asked_about_counts(is_attack: bool) -> None:
    this, other = {"attackDetected": is_attack}, {"attackDetected": not is_attack}
    (user,) = judged({"userPromptAnalysis": this, "documentsAnalysis": []}, detect="attacks")
    (tool,) = judged({"userPromptAnalysis": other, "documentsAnalysis": [this]}, speaker=Speaker.TOOL, detect="attacks")
    assert user == tool
    assert user.is_hit == is_attack


@pytest.mark.parametrize(
    ("speaker", "body"),
    [
        (Speaker.USER, {"documentsAnalysis": [{"attackDetected": False}]}),
        (Speaker.USER, {"userPromptAnalysis": None}),
        (Speaker.TOOL, {"userPromptAnalysis": {"attackDetected": False}}),
        (Speaker.TOOL, {"documentsAnalysis": []}),
        (Speaker.TOOL, {"documentsAnalysis": [{"attackDetected": False}] * 2}),
    ],
)
def test_a_text_without_an_analysis_is_not_judged(speaker: Speaker, body: Any) -> None:
    with pytest.raises(GuardrailUnavailable):
        judged(body, speaker=speaker, detect="attacks")


def pii(*documents: dict[str, Any], errors: tuple[Any, ...] = ()) -> dict[str, Any]:
    results = {"documents": list(documents), "errors": list(errors), "modelVersion": "2025-02-01"}
    return {"kind": "PiiEntityRecognitionResults", "results": results}


def document(*entities: dict[str, Any], number: str = "0", warnings: tuple[str, ...] = ()) -> dict[str, Any]:
    told = [{"code": code, "message": ""} for code in warnings]
    return {"id": number, "redactedText": "", "entities": list(entities), "warnings": told}


def entity(text: str, category: str, offset: int, **more: Any) -> dict[str, Any]:
    entry = {"text": text, "category": category, "offset": offset, "length": len(text), "confidenceScore": 0.9}
    return entry | more


def test_places_are_asked_for_in_code_points() -> None:
    request = made(detect="pii", language="de").prepare((read("a"), read("b")))
    assert request.path == b"/language/:analyze-text?api-version=2023-04-01"
    asked = msgspec.json.decode(request.body)
    assert asked["parameters"]["stringIndexType"] == "UnicodeCodePoint"
    assert asked["analysisInput"]["documents"] == [
        {"id": "0", "language": "de", "text": "a"},
        {"id": "1", "language": "de", "text": "b"},
    ]


def test_entities_are_found_where_they_stand_and_what_is_not_personal_is_left() -> None:
    body = pii(
        document(
            entity("a@a.de", "Email", 2),
            entity("\U0001f600", "Organization", 0),
            entity("a.de", "HoroscopeNumber", 4, confidenceScore=0.95),
            warnings=("LongWordsInDocument",),
        )
    )
    assert judged(body, text="\U0001f600 a@a.de", detect="pii") == (
        Finding(Pii.EMAIL_ADDRESS, 0.9, (Span(2, 8, Pii.EMAIL_ADDRESS, 0.9),), threshold=0.5),
        Finding(Hazard.PRIVACY, 0.95, (Span(4, 8, Hazard.PRIVACY, 0.95),), threshold=0.5),
    )


@pytest.mark.parametrize(
    "body",
    [
        pii(),
        pii(document(), errors=({"id": "0"},)),
        pii(document(number="1")),
        pii(document(warnings=("DocumentTruncated",))),
        pii(document(entity("a@a.de", "Email", 0))),
        pii(document(entity("a@a.de", "Email", 99))),
        pii(document(entity("", "Email", 0))),
        {**pii(document()), "kind": "EntityRecognitionResults"},
    ],
)
def test_entities_that_cannot_be_are_no_verdict(body: Any) -> None:
    with pytest.raises(GuardrailUnavailable):
        judged(body, detect="pii")


def test_without_a_key_requests_bear_a_token() -> None:
    check = build(Settings(base_url=URL, tenant_id="t", client_id="c", client_secret="s"), environment={})
    assert [origin.host for origin in cast("Refreshed", check).origins] == ["login.microsoftonline.com"]
    with pytest.raises(UpstreamCredentials):
        cast("Signing", check).sign(check.prepare((read("Hi"),)), 0.0)


@pytest.mark.parametrize("options", [{"api_version": "a b"}, {"client_secret": "s"}, {"threshold": 0.0}])
def test_what_cannot_be_meant_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"word|enough|threshold"):
        made(**options)
