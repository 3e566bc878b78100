"""``stellwerk models explain`` as its users run it: without secrets, without a trace, and with a status for scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.kit import WEB, model, provider, server, stellwerk

CONFIG = server() + provider("north", "https://api.openai.com/v1") + model("smart", "north") + WEB
UNSET = dict.fromkeys(("PROVIDER_KEY", "WEB_KEY", "ADMIN_TOKEN"), "")
SOUND = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}


@pytest.mark.parametrize(("content", "status"), [("hello", 0), ([SOUND], 1), (5, 2)])
def test_a_decision_needs_no_secret_and_leaves_nothing_behind(tmp_path: Path, content: object, status: int) -> None:
    (tmp_path / "stellwerk.toml").write_text(CONFIG)
    body = {"model": "smart", "messages": [{"role": "user", "content": content}]}
    (tmp_path / "request.json").write_text(json.dumps(body))
    done = stellwerk(tmp_path, "models", "explain", "--request", "request.json", environment=UNSET)
    assert done.returncode == status
    if status < 2:
        assert "north/gpt-4.1" in done.stdout
        assert ("no audio_in" in done.stdout) == (status == 1)
    else:
        assert done.stderr.startswith("request.json: ")
    assert {path.name for path in tmp_path.iterdir()} == {"stellwerk.toml", "request.json"}
