"""Bedrock: requests as botocore makes them, answers as botocore reads them, and what a guardrail's policies mean."""

from __future__ import annotations

import asyncio
import math
from typing import Any, cast

import msgspec
import pytest
from botocore.model import OperationModel  # type: ignore[import-untyped]
from botocore.parsers import create_parser  # type: ignore[import-untyped]
from botocore.serialize import create_serializer  # type: ignore[import-untyped]
from botocore.session import get_session  # type: ignore[import-untyped]
from botocore.validate import ParamValidator  # type: ignore[import-untyped]

from stellwerk.core.subject import Side, Speaker
from stellwerk.core.verdict import Finding
from stellwerk.errors import GuardrailUnavailable, UpstreamCredentials
from stellwerk.guardrails.bedrock import Settings, build
from stellwerk.ports.credential import Refreshed, Signing
from stellwerk.ports.guardrail import RemoteGuardrail
from stellwerk.text.reading import read
from tests.unit.cloud.sources import NOW, Services

KEYS: dict[str, Any] = {"region": "eu-central-1", "access_key_id": "AKIAKNOWN", "secret_access_key": "known"}
ARN = "arn:aws:bedrock:eu-central-1:123456789012:guardrail/abc123"


def made(environment: dict[str, str] | None = None, /, **options: Any) -> RemoteGuardrail:
    return build(Settings(**options), environment=environment or {})


def operation(name: str) -> OperationModel:
    return get_session().get_service_model("bedrock-runtime").operation_model(name)


def assert_as_botocore(name: str, path: bytes, body: bytes, arguments: dict[str, Any]) -> None:
    """The same call, made by botocore, is the same request."""
    model = operation(name)
    assert not ParamValidator().validate(arguments, model.input_shape).has_errors()
    expected = create_serializer("rest-json").serialize_to_request(arguments, model)
    assert path.decode() == expected["url_path"]
    assert msgspec.json.decode(body) == msgspec.json.decode(expected["body"])


def parsed(name: str, answer: dict[str, Any]) -> dict[str, Any]:
    """What botocore reads out of an answer: whatever it does not know is gone."""
    model = operation(name)
    response = {"status_code": 200, "headers": {}, "body": msgspec.json.encode(answer)}
    found: dict[str, Any] = create_parser("rest-json").parse(response, model.output_shape)
    found.pop("ResponseMetadata")
    return found


@pytest.mark.parametrize(
    ("speaker", "side", "role"),
    [
        (Speaker.USER, Side.INPUT, "user"),
        (Speaker.TOOL, Side.INPUT, "user"),
        (Speaker.SYSTEM, Side.INPUT, "system"),
        (Speaker.DEVELOPER, Side.INPUT, "system"),
        (Speaker.ASSISTANT, Side.INPUT, "assistant"),
        (Speaker.ASSISTANT, Side.OUTPUT, "assistant"),
        (Speaker.USER, Side.OUTPUT, "assistant"),
    ],
)
def test_checks_are_asked_for_as_by_botocore(speaker: Speaker, side: Side, role: str) -> None:
    check = made(**KEYS, content=("HATE",), attacks=("JAILBREAK",), pii=("EMAIL",))
    request = check.prepare((read("Hi", speaker=speaker, side=side),))
    arguments = {
        "messages": [{"role": role, "content": [{"text": "Hi"}]}],
        "checks": {
            "contentFilter": {"categories": [{"category": "HATE"}]},
            "promptAttack": {"categories": [{"category": "JAILBREAK"}]},
            "sensitiveInformation": {"entities": [{"type": "EMAIL"}]},
        },
    }
    assert_as_botocore("InvokeGuardrailChecks", request.path, request.body, arguments)


@pytest.mark.parametrize("guardrail", ["abc123", ARN])
def test_a_guardrail_is_asked_as_by_botocore(guardrail: str) -> None:
    check = made(**KEYS, guardrail=guardrail, version="7")
    arguments: dict[str, Any] = {
        "guardrailIdentifier": guardrail,
        "guardrailVersion": "7",
        "source": "INPUT",
        "content": [{"text": {"text": "Hi"}}],
        "outputScope": "FULL",
    }
    request = check.prepare((read("Hi", sources=("a",)),))
    assert_as_botocore("ApplyGuardrail", request.path, request.body, arguments)


def test_an_answer_is_given_with_its_sources_where_that_is_wanted() -> None:
    check = made(**KEYS, guardrail="abc123", grounding=True)
    request = check.prepare((read("Hi", side=Side.OUTPUT, sources=("a", "b"), question="What?"),))
    content = [
        {"text": {"text": "a", "qualifiers": ["grounding_source"]}},
        {"text": {"text": "b", "qualifiers": ["grounding_source"]}},
        {"text": {"text": "What?", "qualifiers": ["query"]}},
        {"text": {"text": "Hi", "qualifiers": ["guard_content"]}},
    ]
    arguments = {
        "guardrailIdentifier": "abc123",
        "guardrailVersion": "DRAFT",
        "source": "OUTPUT",
        "content": content,
        "outputScope": "FULL",
    }
    assert_as_botocore("ApplyGuardrail", request.path, request.body, arguments)


UNITS = {
    f"{name}Units": 1
    for name in (
        "topicPolicy",
        "contentPolicy",
        "wordPolicy",
        "sensitiveInformationPolicy",
        "contextualGroundingPolicy",
    )
} | {"sensitiveInformationPolicyFreeUnits": 0}


def applied(
    action: str, guarded: int = 5, grounding: bool = False, text: str = "Hi, Jo, write jo@a.de", /, **policies: Any
) -> dict[str, Finding]:
    answer = {
        "usage": UNITS,
        "action": action,
        "outputs": [],
        "assessments": [policies],
        "guardrailCoverage": {"textCharacters": {"guarded": guarded, "total": 5}},
    }
    assert parsed("ApplyGuardrail", answer) == answer, "botocore knows all of it"
    check = made(**KEYS, guardrail="abc123", grounding=grounding)
    subject = read(text, side=Side.OUTPUT, sources=("a",))
    (findings,) = check.read((subject,), 200, {}, msgspec.json.encode(answer))
    return {finding.name or str(finding.category): finding for finding in findings}


def entity(kind: str, match: str, action: str = "ANONYMIZED", **more: Any) -> dict[str, Any]:
    return {"type": kind, "match": match, "action": action, **more}


def test_masking_is_no_block_but_a_place() -> None:
    policy = {"piiEntities": [entity("NAME", "Jo"), entity("EMAIL", "jo@a.de")], "regexes": []}
    found = applied("GUARDRAIL_INTERVENED", sensitiveInformationPolicy=policy)
    assert found.keys() == {"PERSON", "EMAIL_ADDRESS"}
    assert [(span.start, span.end) for span in found["PERSON"].spans] == [(4, 6)]
    assert [(span.start, span.end) for span in found["EMAIL_ADDRESS"].spans] == [(14, 21)]


def test_what_is_not_in_the_text_as_it_was_sent_makes_the_whole_text_a_hit() -> None:
    policy = {"piiEntities": [entity("NAME", "Jo"), entity("NAME", "Joe")], "regexes": []}
    assert applied("GUARDRAIL_INTERVENED", sensitiveInformationPolicy=policy)["PERSON"].spans == ()


def test_each_policy_has_its_categories() -> None:
    found = applied(
        "GUARDRAIL_INTERVENED",
        topicPolicy={"topics": [{"name": "Politics", "type": "DENY", "action": "BLOCKED"}]},
        contentPolicy={
            "filters": [
                {"type": "HATE", "confidence": "LOW", "action": "NONE", "detected": True},
                {"type": "SEXUAL", "confidence": "NONE", "action": "NONE", "detected": False},
                {"type": "PROMPT_ATTACK", "confidence": "HIGH", "action": "BLOCKED"},
            ]
        },
        wordPolicy={
            "customWords": [{"match": "write", "action": "BLOCKED"}],
            "managedWordLists": [{"match": "Hi", "type": "PROFANITY", "action": "NONE", "detected": True}],
        },
        sensitiveInformationPolicy={
            "piiEntities": [entity("VEHICLE_IDENTIFICATION_NUMBER", "Jo", "NONE", detected=False)],
            "regexes": [{"name": "shout", "match": "write", "action": "BLOCKED"}],
        },
        automatedReasoningPolicy={"findings": [{"tooComplex": {}}, {"impossible": {}}]},
    )
    assert {name for name, finding in found.items() if finding.is_hit} == {
        *("Politics", "S10", "PROMPT_ATTACK", "words", "TOXICITY", "shout", "UNGROUNDED")
    }
    assert {name: finding.score for name, finding in found.items()} | {"S10": 0.0} == {
        **dict.fromkeys(("Politics", "PROMPT_ATTACK", "words", "TOXICITY", "shout", "UNGROUNDED", "S7"), 1.0),
        "S10": 0.0,
        "S12": 0.0,
    }


def test_an_answer_without_ground_is_found_out() -> None:
    filters = [{"type": "GROUNDING", "threshold": 0.7, "score": 0.25, "action": "BLOCKED"}]
    found = applied("GUARDRAIL_INTERVENED", 2, True, contextualGroundingPolicy={"filters": filters})["UNGROUNDED"]
    assert (found.is_hit, found.score) == (True, 0.75)
    assert found.threshold == pytest.approx(0.3)


@pytest.mark.parametrize(("action", "guarded"), [("GUARDRAIL_INTERVENED", 5), ("NONE", 4)])
def test_an_intervention_without_a_reason_and_half_a_look_are_no_verdict(action: str, guarded: int) -> None:
    with pytest.raises(GuardrailUnavailable):
        applied(action, guarded)
    assert applied("NONE") == {}


def checked(text: str, **members: Any) -> tuple[Finding, ...]:
    entry = {
        "type": "EMAIL",
        "confidenceScore": 0.9,
        "beginOffset": 3,
        "endOffset": 9,
        "messageIndex": 0,
        "contentIndex": 0,
    } | {name: value for name, value in members.items() if name != "truncated"}
    results = {"sensitiveInformation": {"results": [entry], "truncated": members.get("truncated", False)}}
    answer = {"results": results, "usage": {"sensitiveInformation": {"textUnits": 1}}}
    assert parsed("InvokeGuardrailChecks", answer) == answer
    check = made(**KEYS, content=(), attacks=(), pii=("EMAIL",))
    return check.read((read(text),), 200, {}, msgspec.json.encode(answer))[0]


def test_a_place_is_wide_enough_for_both_ways_of_counting() -> None:
    assert [(span.start, span.end) for span in checked("Hi a@a.de!")[0].spans] == [(3, 9)]
    assert [(span.start, span.end) for span in checked("\U0001f600 a@a.de!")[0].spans] == [(2, 9)]


@pytest.mark.parametrize(
    "members",
    [
        {"truncated": True},
        {"type": "HOROSCOPE"},
        {"messageIndex": 1},
        {"contentIndex": 2},
        {"endOffset": 99},
        {"beginOffset": 9},
        {"beginOffset": -1},
    ],
)
def test_a_finding_that_cannot_be_is_no_verdict(members: dict[str, Any]) -> None:
    with pytest.raises(GuardrailUnavailable):
        checked("Hi a@a.de!", **members)


def test_a_category_that_is_not_told_is_no_verdict() -> None:
    check = made(**KEYS, content=("HATE", "SEXUAL"), attacks=())
    told = [{"category": "HATE", "severityScore": 0.9}, {"category": "VIOLENCE", "severityScore": 0.1}]
    body = msgspec.json.encode({"results": {"contentFilter": {"results": told}}})
    with pytest.raises(GuardrailUnavailable, match="category"):
        check.read((read("Hi"),), 200, {}, body)


def test_requests_are_signed_or_bear_a_key() -> None:
    check = made(**KEYS)
    assert isinstance(check, Signing)
    assert isinstance(check, Refreshed)
    request = check.prepare((read("Hi"),))
    assert b"/eu-central-1/bedrock/aws4_request" in check.sign(request, NOW).fields
    for environment, options in (({}, {"api_key": "k"}), ({"AWS_BEARER_TOKEN_BEDROCK": "k"}, {})):
        bearing = made(environment, region="eu-central-1", **options)
        asked = bearing.prepare((read("Hi"),))
        assert b"authorization: Bearer k\r\n" in asked.fields
        assert cast("Signing", bearing).sign(asked, NOW) is asked
        assert asyncio.run(cast("Refreshed", bearing).refresh(Services({}), NOW)) == math.inf


def test_without_credentials_nothing_is_sent() -> None:
    check = made(region="eu-central-1")
    with pytest.raises(UpstreamCredentials):
        cast("Signing", check).sign(check.prepare((read("Hi"),)), NOW)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"content": (), "attacks": ()}, "is needed"),
        ({"pii": ("HOROSCOPE",)}, "HOROSCOPE"),
        ({"max_chars": 1}, "max_chars"),
        ({"threshold": 0.0}, "threshold"),
        ({"thresholds": {"S99": 0.5}}, "S99"),
        ({"api_key": "a", "profile": "b"}, "enough"),
        ({"access_key_id": "a"}, "belong together"),
        ({"region": "moon"}, "moon"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        Settings(**options)
