"""Google's own API and Vertex AI: where they are, and what their settings take."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from stellwerk.core.route import Target
from stellwerk.core.wire import Origin
from stellwerk.dialects.gemini.request import read_envelope
from stellwerk.providers import gemini, vertex

ENVELOPE = read_envelope(b'{"contents":[]}', model="smart", is_stream=False, max_depth=9)
TARGET = Target("google/gemini-3", "google", "gemini-3")


def test_google_is_where_it_is_unless_told_otherwise() -> None:
    provider = gemini.build(gemini.Settings(api_key="k"))
    assert provider.origin == Origin("https", "generativelanguage.googleapis.com", 443)
    assert provider.prepare(ENVELOPE, TARGET, "k", b"").path == b"/v1beta/models/gemini-3:generateContent"
    older = gemini.build(gemini.Settings(api_key="k", api_version="v1"))
    assert older.prepare(ENVELOPE, TARGET, "k", b"").path.startswith(b"/v1/models/")


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("global", "aiplatform.googleapis.com"),
        ("europe-west4", "europe-west4-aiplatform.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
    ],
)
def test_vertex_is_where_its_location_is(location: str, host: str) -> None:
    provider = vertex.build(vertex.Settings(project="p-1", location=location))
    assert provider.origin == Origin("https", host, 443)
    path = provider.prepare(ENVELOPE, TARGET, "t", b"").path.decode()
    assert path == f"/v1/projects/p-1/locations/{location}/publishers/google/models/gemini-3:generateContent"


@pytest.mark.parametrize(
    ("kind", "options", "told"),
    [
        (gemini, {}, "api_key"),
        (gemini, {"api_key": "k", "api_version": "v1/x"}, "api_version"),
        (vertex, {}, "missing required field `project`"),
        (vertex, {"project": "a/b"}, "`project` consists of"),
        (vertex, {"project": "p", "location": "x/y"}, "location"),
    ],
)
def test_settings_that_no_path_could_hold_are_refused(kind: Any, options: Any, told: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=told):
        msgspec.convert(options, kind.Settings)


def test_the_credentials_are_secrets() -> None:
    assert (gemini.SECRETS, vertex.SECRETS) == (("api_key",), ("access_token", "credentials"))
