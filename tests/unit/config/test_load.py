"""What ``load`` says about whole files: the settings, or every problem at once."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from stellwerk.config.load import examine, load
from stellwerk.errors import ConfigurationError

Said = Callable[[str], list[str]]
Write = Callable[[str], Path]

WHOLE = """\
[server]
listen = "127.0.0.1:8080"
workers = 2
drain_s = 330
tls = { certificate = "file:tls/chain.pem", key = "file:tls/key.pem" }
trusted_proxies = ["10.0.0.0/8"]
cors = { origins = ["https://app.example.com"] }

[server.limits]
max_connections = 500

[admin]
listen = "127.0.0.1:8081"
token = "env:ADMIN_TOKEN"

[state]
directory = "state"
retention_days = 7

[retry]
attempts = 4

[[providers]]
name = "openai"
kind = "openai"
base_url = "https://api.openai.com/v1"
api_key = "env:OPENAI_API_KEY"

[[providers]]
name = "local"
kind = "compatible"
base_url = "env:LOCAL_URL"

[[models]]
name = "smart"
strategy = "priority"
targets = [
  { provider = "openai", model = "gpt-5.2" },
  { provider = "local",  model = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", weight = 1 },
]
fallback = ["fast"]
requires = []
timeout_s = 120
first_byte_timeout_s = 20
retry = { same_target = 2, attempts = 6 }

[[models]]
name = "fast"
targets = [{ provider = "local", model = "small" }]

[[keys]]
name = "web"
key = "env:WEB_KEY"
team = "shop"
models = ["*"]
"""


def test_a_whole_configuration_is_accepted_without_a_warning(tmp_path: Path, write: Write) -> None:
    (tmp_path / "tls").mkdir()
    for name in ("chain", "key"):
        (tmp_path / "tls" / f"{name}.pem").write_text("-----BEGIN SOMETHING-----\nAAAA\n")
    verdict = examine(write(WHOLE))
    assert verdict.lines == ()
    assert verdict.warnings == ()
    assert verdict.settings is not None
    assert verdict.settings.server.workers == 2
    assert verdict.settings.providers[1].model_extra == {"base_url": "http://127.0.0.1:9000/v1"}


def test_nearly_everything_has_a_default(write: Write, head: str) -> None:
    settings = load(write(head))
    assert settings.server.listen == "127.0.0.1:8080"
    assert settings.server.workers == len(os.sched_getaffinity(0))
    assert settings.admin.listen == "127.0.0.1:8081"
    assert settings.models[0].strategy == "priority"
    assert settings.keys[0].models == ["*"]


def test_everything_that_is_wrong_is_told_at_once_in_the_order_of_the_file(said: Said, write: Write) -> None:
    text = (
        'nonsense = 1\n[server]\nlisten = "x"\nworkers = 0\n'
        '[[providers]]\nname = "a"\nkind = "nope"\n[[providers]]\nname = "b"\nkind = "openai"\nbase_url = "foo"\n'
        '[[models]]\nname = "m"\ntargets = [{ provider = "c", model = 5 }]\nfallback = ["z"]\n'
        '[[keys]]\nname = "k"\nkey = "env:GONE"\n[cash]\n'
    )
    assert [line.split(": ")[:2] for line in said(text)] == [
        ["stellwerk.toml:1", "nonsense"],
        ["stellwerk.toml:3", "server.listen"],
        ["stellwerk.toml:4", "server.workers"],
        ["stellwerk.toml:7", "providers[0].kind"],
        ["stellwerk.toml:8", "providers[1].api_key"],
        ["stellwerk.toml:11", "providers[1].base_url"],
        ["stellwerk.toml:14", "models[0].targets[0].model"],
        ["stellwerk.toml:14", "models[0].targets[0].provider"],
        ["stellwerk.toml:15", "models[0].fallback[0]"],
        ["stellwerk.toml:18", "keys[0].key"],
        ["stellwerk.toml:19", "cash"],
    ]
    with pytest.raises(ConfigurationError) as raised:
        load(write(text))
    assert len(raised.value.problems) == 11


def test_relative_files_are_looked_for_beside_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write, head: str
) -> None:
    (tmp_path / "token").write_text("a-token-of-good-length\n")
    path = write(f'{head}[admin]\ntoken = "file:token"\n')
    monkeypatch.chdir("/")
    assert load(path).admin.token == f"file:{tmp_path}/token"


def test_a_reference_may_stand_for_the_kind_of_a_provider(
    write: Write, head: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIND", "openai")
    path = write(f'{head}[[providers]]\nname = "o"\nkind = "env:KIND"\napi_key = "literal-provider-key"\n')
    settings = load(path)
    assert settings.providers[1].kind == "openai"
    assert settings.providers[1].model_extra == {"api_key": f"toml:{path}#providers.o.api_key"}


def test_a_kind_that_cannot_be_had_hides_the_options_of_its_provider(said: Said, head: str) -> None:
    text = f'{head}[[providers]]\nname = "o"\nkind = "env:GONE"\napi_key = "literal-provider-key"\n'
    assert said(text) == ["stellwerk.toml:15: providers[1].kind: env:GONE: this environment variable is not set"]


def test_a_public_admin_side_with_a_token_is_fine(said: Said, head: str) -> None:
    assert said(f'{head}[admin]\nlisten = "[::]:9000"\ntoken = "env:ADMIN_TOKEN"\n') == []


def test_free_ports_do_not_collide(said: Said, head: str) -> None:
    assert said(f'{head}[admin]\nlisten = "127.0.0.1:0"\n[server]\nlisten = "127.0.0.1:0"\n') == []


def test_models_may_fall_back_to_the_same_one_without_a_circle(said: Said, head: str) -> None:
    models = "".join(
        f'[[models]]\nname = "{name}"\ntargets = [{{ provider = "up", model = "x" }}]\nfallback = {fallback}\n'
        for name, fallback in (("a", '["b", "c"]'), ("b", '["d"]'), ("c", '["d"]'), ("d", '["m"]'))
    )
    assert said(head + models) == []


def test_a_circle_is_told_once_with_the_whole_way(said: Said, head: str) -> None:
    models = "".join(
        f'[[models]]\nname = "{name}"\ntargets = [{{ provider = "up", model = "x" }}]\nfallback = {fallback}\n'
        for name, fallback in (("a", '["m", "b"]'), ("b", '["c"]'), ("c", '["a"]'))
    )
    assert said(head + models) == [
        'stellwerk.toml:24: models[3].fallback[0]: expected no circle, found "a" → "b" → "c" → "a"'
    ]


def test_a_chain_of_two_thousand_fallbacks_is_walked(said: Said, head: str) -> None:
    models = "".join(
        f'[[models]]\nname = "m{place}"\ntargets = [{{ provider = "up", model = "x" }}]\nfallback = ["m{place + 1}"]\n'
        for place in range(2_000)
    )
    (problem,) = said(head + models)
    assert 'found "m2000"' in problem


def test_a_long_list_of_choices_is_cut(said: Said, head: str) -> None:
    models = "".join(
        f'[[models]]\nname = "model{place}"\ntargets = [{{ provider = "up", model = "x" }}]\n' for place in range(30)
    )
    (problem,) = said(f'{head}models = ["zebra"]\n{models}')
    assert "model14, … (31 in all)" in problem


def test_egress_rules_without_effect_are_warned_about(warned: Said, head: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSIDE", "10.0.0.7")
    listed = '"10.0.0.5", "a.example", "localhost:7000", "10.0.0.6", "*", "*.b.example", "env:INSIDE", "8.8.8.8"'
    rules = f'[egress]\nallow = [{listed}]\nprivate = ["10.0.0.6=10.0.0.6"]\n'
    ending = "is not public, so it has no effect without a pair in egress.private"
    assert warned(f"{head}{rules}") == [
        f'stellwerk.toml:14: egress.allow[0]: "10.0.0.5" {ending}',
        f'stellwerk.toml:14: egress.allow[2]: "localhost:7000" {ending}',
        f'stellwerk.toml:14: egress.allow[6]: the value of "env:INSIDE" {ending}',
    ]


def test_an_egress_policy_that_is_off_is_warned_about(warned: Said, head: str) -> None:
    assert warned(f'{head}[egress]\nmode = "off"\n') == [
        "stellwerk.toml:14: egress.mode: the gateway may connect to every destination"
    ]


@pytest.mark.parametrize("rules", ["allow = [5]", 'allow = ["a b"]', 'private = [["x"]]', "allow = 5"])
def test_egress_rules_that_are_none_are_no_warning(warned: Said, head: str, rules: str) -> None:
    assert warned(f"{head}[egress]\n{rules}\n") == []


def test_a_configuration_that_serves_nothing_is_warned_about(warned: Said) -> None:
    assert warned("[server]\n") == [
        "stellwerk.toml: models: there are none, so every request will be answered 404",
        "stellwerk.toml: keys: there are none, so every request will be refused with 401",
    ]
