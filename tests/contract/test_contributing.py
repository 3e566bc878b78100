"""The host and the provider that CONTRIBUTING shows are a row and a file, and work."""

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
from stellwerk.providers import compatible

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
            plugins._installed.cache_clear()
            yield
    plugins._installed.cache_clear()


def test_a_host_is_one_row_and_then_served() -> None:
    (row,) = re.findall(r'^\+ {4}"([^"]+)": "([^"]+)",$', TEXT, re.MULTILINE)
    shown = re.search(r'^     "([^"]+)": "[^"]+",\n\+.*\n     "([^"]+)": "[^"]+",$', TEXT, re.MULTILINE)
    assert shown is not None
    before, after = shown.groups()
    names = list(compatible.HOSTS)
    assert names.index(after) == names.index(before) + 1
    assert before < row[0] < after
    with patch.dict(compatible.HOSTS, [row]):
        built = cast("Provider", plugins.build("providers", "compatible", {"host": row[0], "api_key": "key"}))
        envelope = read_envelope(b'{"model":"smart","messages":[]}', max_depth=9)
        wire = built.prepare(envelope, Target("x/m", "x", "m"), "key", b"")
        asked = f"{built.origin.scheme}://{built.origin.authority}{wire.path.decode()}"
        assert asked == f"{row[1]}/chat/completions"


def test_it_can_be_built_and_asked() -> None:
    assert "acme" in plugins.names("providers")
    assert plugins.secrets("providers", "acme") == ("api_key",)
    built = cast("Provider", plugins.build("providers", "acme", {"api_key": "key", "workspace": "w1"}))
    envelope = read_envelope(b'{"model":"smart","messages":[]}', max_depth=9)
    wire = built.prepare(envelope, Target("acme/m", "acme", "m"), "key", b"")
    assert wire.path == b"/v1/chat/completions"
    assert b"x-acme-workspace: w1\r\n" in wire.fields
    assert built.speaks("openai_embeddings")
