"""The provider that CONTRIBUTING shows is one."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import cast
from unittest.mock import patch

import pytest

from stellwerk import plugins
from stellwerk.core.route import Target
from stellwerk.dialects.openai_chat.request import read_envelope
from stellwerk.ports.provider import Provider

TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXAMPLE = next(code for code in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL) if "def build" in code)


@pytest.fixture(autouse=True)
def acme() -> Iterator[None]:
    """The example, installed as a third party's plugin."""
    module = ModuleType("acme_example")
    with patch.dict(sys.modules, {"acme_example": module}):
        exec(compile(EXAMPLE, "acme_example", "exec"), module.__dict__)  # noqa: S102  # it is our own text
        guest = EntryPoint("acme", "acme_example", "stellwerk.providers")
        with patch("importlib.metadata.entry_points", lambda *, group: [guest] if group == guest.group else []):
            yield


def test_it_can_be_built_and_asked() -> None:
    assert "acme" in plugins.names("providers")
    assert plugins.secrets("providers", "acme") == ("api_key",)
    built = cast("Provider", plugins.build("providers", "acme", {"api_key": "key", "workspace": "w1"}))
    envelope = read_envelope(b'{"model":"smart","messages":[]}', max_depth=9)
    wire = built.prepare(envelope, Target("acme/m", "acme", "m"), "key", b"")
    assert wire.path == b"/v1/chat/completions"
    assert b"x-acme-workspace: w1\r\n" in wire.fields
    assert built.speaks("openai_embeddings")
