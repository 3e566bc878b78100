"""From logged outcomes to a configuration that routes by them, through the command line."""

import json
from pathlib import Path

from tests.e2e.kit import WEB, model, provider, server, stellwerk
from tests.unit.core.outcomes import outcomes

CONFIG = server() + provider("north", "http://127.0.0.1:9/v1") + model("smart", "north")
LEARNED = 'strategy = "learned"\nstrategy_options = { model = "routes/smart.model", floor = 0.95 }\n'


def test_a_learned_model_is_used_by_a_configuration_beside_it(tmp_path: Path) -> None:
    (tmp_path / "stellwerk.toml").write_text(CONFIG + LEARNED + WEB)
    (tmp_path / "routes").mkdir()
    before = stellwerk(tmp_path, "check")
    assert before.returncode == 1
    assert "models[0].strategy_options.model: " in before.stderr
    assert "make one with `stellwerk models learn --input OUTCOMES.jsonl --output MODEL`" in before.stderr

    lines = [json.dumps({"prompt": one.prompt, "weak": one.weak, "strong": one.strong}) for one in outcomes(1_000)]
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    files = ("--input", "log.jsonl", "--output", "routes/smart.model")
    done = stellwerk(tmp_path, "models", "learn", *files, "--floor", "0.95", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["test"]["quality"]["value"] > 0.9

    after = stellwerk(tmp_path, "check")
    assert (after.returncode, after.stdout) == (0, "stellwerk.toml: ok\n")
