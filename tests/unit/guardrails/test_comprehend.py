"""Comprehend: requests as botocore makes and signs them, answers as botocore reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import Credentials  # type: ignore[import-untyped]
from botocore.parsers import create_parser  # type: ignore[import-untyped]
from botocore.serialize import create_serializer  # type: ignore[import-untyped]
from botocore.session import get_session  # type: ignore[import-untyped]
from botocore.validate import ParamValidator  # type: ignore[import-untyped]

from stellwerk.core.taxonomy import Hazard, Pii
from stellwerk.core.verdict import Span
from stellwerk.core.wire import Origin
from stellwerk.errors import GuardrailUnavailable
from stellwerk.guardrails.comprehend import Settings, build
from stellwerk.ports.credential import Signing
from stellwerk.text.reading import read
from tests.unit.cloud.sources import NOW

KEYS: dict[str, Any] = {"region": "eu-central-1", "access_key_id": "AKIAKNOWN", "secret_access_key": "known"}


@pytest.mark.parametrize(
    ("detect", "name", "arguments"),
    [
        ("pii", "DetectPiiEntities", {"Text": "Grüße", "LanguageCode": "de"}),
        ("toxicity", "DetectToxicContent", {"TextSegments": [{"Text": "Grüße"}], "LanguageCode": "de"}),
    ],
)
def test_requests_are_those_of_botocore(detect: Any, name: str, arguments: dict[str, Any]) -> None:
    model = get_session().get_service_model("comprehend").operation_model(name)
    model.metadata["jsonVersion"] = "1.1"
    assert not ParamValidator().validate(arguments, model.input_shape).has_errors()
    expected = create_serializer("json").serialize_to_request(arguments, model)
    check = build(Settings(**KEYS, detect=detect, language="de"), environment={})
    assert check.origin == Origin("https", "comprehend.eu-central-1.amazonaws.com", 443)
    request = check.prepare((read("Grüße"),))
    lines = dict(line.split(": ", 1) for line in request.fields.decode().split("\r\n")[:-1])
    assert request.path == b"/"
    assert msgspec.json.decode(request.body) == msgspec.json.decode(expected["body"])
    for field, value in expected["headers"].items():
        assert lines[field.lower()] == value
    assert isinstance(check, Signing)
    signed = check.sign(request, NOW)
    asked = AWSRequest("POST", f"https://{check.origin.authority}/", dict(expected["headers"]), request.body)
    with patch("botocore.auth.get_current_datetime", return_value=datetime.fromtimestamp(NOW, UTC)):
        SigV4Auth(Credentials("AKIAKNOWN", "known"), "comprehend", "eu-central-1").add_auth(asked)
    assert f"authorization: {asked.headers['Authorization']}\r\n" in signed.fields.decode()


def pii(text: str, **members: Any) -> tuple[Span, ...]:
    entry = {"Score": 0.9, "Type": "EMAIL", "BeginOffset": 2, "EndOffset": 8} | members
    body = msgspec.json.encode({"Entities": [entry]})
    model = get_session().get_service_model("comprehend").operation_model("DetectPiiEntities")
    response = {"status_code": 200, "headers": {}, "body": body}
    assert create_parser("json").parse(response, model.output_shape)["Entities"] == [entry]
    check = build(Settings(**KEYS), environment={})
    return check.read((read(text),), 200, {}, body)[0][0].spans


def test_places_are_code_points() -> None:
    assert pii("\U0001f600 a@a.de") == (Span(2, 8, Pii.EMAIL_ADDRESS, 0.9),)


def test_a_type_that_is_new_is_a_matter_of_privacy() -> None:
    assert pii("Hi a@a.de", Type="HOROSCOPE") == (Span(2, 8, Hazard.PRIVACY, 0.9),)


@pytest.mark.parametrize("members", [{"EndOffset": 99}, {"BeginOffset": 8}, {"Score": 7.0}])
def test_an_entity_that_cannot_be_is_no_verdict(members: dict[str, Any]) -> None:
    with pytest.raises(GuardrailUnavailable):
        pii("Hi a@a.de", **members)


def test_a_label_that_is_missing_is_no_verdict() -> None:
    check = build(Settings(**KEYS, detect="toxicity"), environment={})
    body = b'{"ResultList":[{"Labels":[{"Name":"INSULT","Score":0.9}],"Toxicity":0.9}]}'
    with pytest.raises(GuardrailUnavailable, match="label"):
        check.read((read("Hi"),), 200, {}, body)


def test_thresholds_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="threshold"):
        Settings(threshold=2.0)
