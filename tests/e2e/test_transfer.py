"""Moving in from another gateway, and control data as a file, with everything running."""

import json
import tomllib
from pathlib import Path

from stellwerk.audit.verify import entries, verify
from tests.e2e.kit import WEB, model, provider, server, spoken, stellwerk, up
from tests.e2e.test_admin import callers_ask

SECTIONS = (server(workers=1), provider("here", "http://127.0.0.1:9/v1"), model("smart", "here"), WEB)
CONTROL = """
version = 1
owns = ["organizations", "teams", "users", "keys", "limits", "budgets"]

[[organizations]]
name = "acme"

[[teams]]
name = "tills"
organization = "acme"

[[keys]]
name = "till"
team = "tills"
models = ["smart"]

[[limits]]
scope = "key:till"
metric = "requests"
amount = 2

[[budgets]]
scope = "team:tills"
limit_usd = 500
"""


def test_a_file_is_applied_holds_at_the_gateway_and_makes_another_installation_the_same(tmp_path: Path) -> None:
    body = json.dumps({"model": "smart", "messages": [{"role": "user", "content": "Hello"}]}).encode()
    with up(tmp_path / "one", *SECTIONS) as gateway:
        (gateway.folder / "control.toml").write_text(CONTROL)
        planned = spoken(gateway.folder, "apply", "control.toml", "--plan", "--json")
        assert [step["kind"] for step in json.loads(planned.stdout)["steps"]] == ["organizations", "teams", "keys"]
        done = stellwerk(gateway.folder, "apply", "control.toml", "--keys-to", "keys.jsonl")
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith("3 done\n")
        assert spoken(gateway.folder, "apply", "control.toml", "--plan").stdout == "nothing to change\n"
        key = json.loads((gateway.folder / "keys.jsonl").read_text())["key"]
        gateway.until(lambda: callers_ask(gateway.address, key, body) != 401, "the key is not known")
        gateway.until(lambda: callers_ask(gateway.address, key, body) == 429, "the limit does not hold")
        exported = spoken(gateway.folder, "export").stdout
        assert key not in exported
        assert [entry["what"] for entry in entries(gateway.state / "audit")] == [
            "organization.create",
            "team.create",
            "key.create",
        ]
        assert not verify(gateway.state / "audit").findings
        (gateway.folder / "control.toml").write_text('version = 1\nowns = ["keys"]\n')
        assert spoken(gateway.folder, "apply", "control.toml").stdout == "delete  key till\n1 done\n"
        gateway.until(lambda: callers_ask(gateway.address, key, body) == 401, "the key is still known")
    with up(tmp_path / "two", *SECTIONS) as other:
        (other.folder / "control.toml").write_text(exported)
        assert spoken(other.folder, "apply", "control.toml").returncode == 0
        assert spoken(other.folder, "export").stdout == exported
        assert tomllib.loads(exported)["keys"] == [{"name": "till", "team": "tills", "models": ["smart"]}]


def test_a_configuration_of_litellm_is_imported_checked_and_served(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "model_list:\n"
        "  - model_name: smart\n"
        "    litellm_params: {model: openai/any, api_base: 'http://127.0.0.1:9/v1', api_key: never-tell-provider}\n"
        "general_settings: {master_key: never-tell-master}\n"
    )
    done = stellwerk(tmp_path, "import", "litellm", "config.yaml", "--output", "made.toml", "--json")
    assert done.returncode == 0, done.stderr
    variables = {name: f"value-{name.lower()}-0123456789" for name in json.loads(done.stdout)["variables"]}
    checked = stellwerk(tmp_path, "check", "made.toml", environment=variables)
    assert (checked.returncode, checked.stdout) == (0, "made.toml: ok\n"), checked.stderr
    body = json.dumps({"model": "smart", "messages": [{"role": "user", "content": "Hello"}]}).encode()
    made = (tmp_path / "made.toml").read_text()
    listening = made.replace(
        "[admin]\n", '[server]\nlisten = "127.0.0.1:0"\nworkers = 1\n\n[admin]\nlisten = "127.0.0.1:0"\n'
    )
    with up(tmp_path / "gateway", listening, environment=variables) as gateway:
        assert callers_ask(gateway.address, variables["LITELLM_MASTER_KEY"], body) == 502  # the provider is away
        assert callers_ask(gateway.address, "another-key", body) == 401


def test_an_import_says_what_is_wrong_and_writes_nothing_over(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("model_list: [")
    refused = spoken(tmp_path, "import", "litellm", "config.yaml")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "config.yaml:2: this is not YAML" in refused.stderr
    (tmp_path / "config.json").write_text('{"provider": "openai", "override_params": {"model": "gpt-4.1"}}')
    (tmp_path / "stellwerk.toml").write_text("")
    kept = spoken(tmp_path, "import", "portkey", "config.json", "--output", "stellwerk.toml")
    assert "is there already" in kept.stderr
    assert (tmp_path / "stellwerk.toml").read_text() == ""
    forced = spoken(tmp_path, "import", "portkey", "config.json", "--output", "stellwerk.toml", "--force")
    assert forced.returncode == 0
    assert 'model = "gpt-4.1"' in (tmp_path / "stellwerk.toml").read_text()
    away = spoken(tmp_path, "import", "portkey", "config.json", "--output", "away/stellwerk.toml")
    assert "no such file" in away.stderr
    assert spoken(tmp_path, "import", "kong", "config.json").returncode == 2
