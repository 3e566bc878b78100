"""Gemini's safety settings: the operator's are on every request, the caller's where they are stricter."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from google.genai import types

from stellwerk import plugins
from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.part import Text
from stellwerk.core.route import Target
from stellwerk.dialects.gemini.request import read_envelope
from stellwerk.dialects.gemini.safety import SafetySettings, secure
from stellwerk.errors import ConfigurationError, InvalidRequest
from stellwerk.ports.provider import Provider
from stellwerk.providers import gemini, vertex

SETTINGS: SafetySettings = {"HATE_SPEECH": "BLOCK_MEDIUM_AND_ABOVE", "HARASSMENT": "BLOCK_ONLY_HIGH"}
TARGET = Target("g/m", "g", "m")


def setting(category: str, threshold: str, **more: Any) -> dict[str, Any]:
    return {"category": f"HARM_CATEGORY_{category}", "threshold": threshold, **more}


OURS = [setting("HATE_SPEECH", "BLOCK_MEDIUM_AND_ABOVE"), setting("HARASSMENT", "BLOCK_ONLY_HIGH")]


def secured(*asked: Any, name: str = "safetySettings") -> Any:
    wire = msgspec.json.decode(secure(msgspec.json.encode({"contents": [], name: list(asked)}), SETTINGS))
    (found,) = (value for key, value in wire.items() if key != "contents")
    return found


def test_the_operators_settings_are_sent_where_the_caller_has_none() -> None:
    assert secure(b'{ "contents" : []}', SETTINGS).endswith(b' "contents" : []}')
    assert msgspec.json.decode(secure(b"{}", SETTINGS)) == {"safetySettings": OURS}
    assert msgspec.json.decode(secure(b'{"safetySettings":null}', SETTINGS)) == {"safetySettings": OURS}
    for one in OURS:
        types.SafetySetting.model_validate(one)


@pytest.mark.parametrize("name", ["safetySettings", "safety_settings"])
@pytest.mark.parametrize(
    "threshold", ["OFF", "BLOCK_NONE", "BLOCK_ONLY_HIGH", "BLOCK_MEDIUM_AND_ABOVE", "HARM_BLOCK_THRESHOLD_UNSPECIFIED"]
)
def test_a_caller_cannot_loosen_them(threshold: str, name: str) -> None:
    assert secured(setting("HATE_SPEECH", threshold), name=name) == OURS
    assert secured({"category": "HARM_CATEGORY_HATE_SPEECH"}, name=name) == OURS


def test_a_caller_may_tighten_them_and_set_what_the_operator_has_not() -> None:
    stricter = setting("HATE_SPEECH", "BLOCK_LOW_AND_ABOVE", method="SEVERITY")
    other = setting("CIVIC_INTEGRITY", "OFF")
    assert secured(stricter, other, setting("HATE_SPEECH", "OFF")) == [stricter, OURS[1], other]


def test_of_what_a_caller_says_twice_the_stricter_counts() -> None:
    loose, strict = setting("CIVIC_INTEGRITY", "OFF"), setting("CIVIC_INTEGRITY", "BLOCK_NONE")
    assert secured(loose, strict) == secured(strict, loose) == [*OURS, strict]


@pytest.mark.parametrize("asked", [7, "x", {}, {"category": 8, "threshold": 4}, {"category": "X", "threshold": 4}])
def test_settings_that_cannot_be_compared_are_refused(asked: Any) -> None:
    with pytest.raises(InvalidRequest, match="safetySettings"):
        secured(asked)


@pytest.mark.parametrize(
    "body",
    [
        b'{"safetySettings":[],"safety_settings":[]}',
        b'{"safetySettings":[],"safetySettings":[]}',
        b'{"safetySettings":[],"safety\\u0053ettings":[]}',
        b'{"safetySettings":{}}',
    ],
)
def test_two_readings_are_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        secure(body, SETTINGS)


@pytest.mark.parametrize(
    "provider",
    [
        gemini.build(gemini.Settings("k", safety_settings=dict(SETTINGS))),
        vertex.build(vertex.Settings("p", access_token="t", safety_settings=dict(SETTINGS))),
    ],
)
def test_every_request_of_a_provider_has_its_settings(provider: Provider) -> None:
    for is_stream in (False, True):
        envelope = read_envelope(b'{"contents":[]}', model="smart", is_stream=is_stream, max_depth=9)
        request = ChatRequest("smart", (Message(Role.USER, (Text("Hi"),)),), is_stream=is_stream)
        for asked in (provider.prepare(envelope, TARGET, "k", b""), provider.prepare_chat(request, TARGET, "k", b"")):
            assert msgspec.json.decode(asked.body)["safetySettings"] == OURS


@pytest.mark.parametrize("settings", [{"MOOD": "OFF"}, {"HARASSMENT": "BLOCK_SOME"}])
def test_words_that_google_does_not_know_are_refused(settings: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        plugins.build("providers", "gemini", {"api_key": "k", "safety_settings": settings})
