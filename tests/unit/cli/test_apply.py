"""``stellwerk export`` and ``stellwerk apply`` against the admin API: plans, keys, failures in between, ownership."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stellwerk.cli import main
from tests.property.control_data import options, served
from tests.unit.admin.kit import Admin, tag

FILE = """
version = 1
owns = ["teams", "keys", "limits", "budgets"]

[[organizations]]
name = "acme"

[[teams]]
name = "shop"
organization = "acme"

[[users]]
name = "anne"
team = "shop"

[[keys]]
name = "till"
team = "shop"
user = "anne"
models = ["smart"]
tags = { env = "prod" }
networks = ["10.0.0.0/8"]
expires = 2030-01-01T01:00:00+01:00

[[limits]]
scope = "key:till"
metric = "requests"
amount = 600

[[budgets]]
scope = "team:shop"
limit_usd = 500
time_zone = "Europe/Berlin"

[[budgets]]
scope = "model:smart"
limit_usd = "0.5"
period = "day"
hard = false
"""


@dataclass
class Desk:
    """A command line beside an installation."""

    admin: Admin
    folder: Path
    url: str
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str, status: int = 0) -> tuple[str, str]:
        """What a command prints, on both outputs."""
        command, *others = arguments
        config = str(self.folder / "stellwerk.toml")
        assert main([command, "--config", config, "--url", self.url, *others]) == status
        captured = self.capsys.readouterr()
        return captured.out, captured.err

    def file(self, text: str) -> str:
        """A file with a text."""
        path = self.folder / "control.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    def apply(self, text: str, *arguments: str, status: int = 0) -> tuple[str, str]:
        """``stellwerk apply`` of a text."""
        return self.run("apply", self.file(text), *arguments, status=status)

    def exported(self, *arguments: str) -> dict[str, Any]:
        """``stellwerk export``, read."""
        return tomllib.loads(self.run("export", *arguments)[0])


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    with served(tmp_path / "state") as (admin, url):
        options(tmp_path, url)
        yield Desk(admin, tmp_path, url, capsys)


def test_a_plan_tells_each_step_and_changes_nothing(desk: Desk) -> None:
    out, _ = desk.apply(FILE, "--plan")
    key = "team: shop; user: anne; models: smart; tags: env=prod; networks: 10.0.0.0/8; expires: 2030-01-01 00:00:00"
    assert out.splitlines() == [
        "create  organization acme",
        "create  team shop  organization: acme; month: 500 USD a month, Europe/Berlin",
        "create  user anne  team: shop",
        "create  budgets model:smart  day: 0.5 USD a day, soft",
        f"create  key till  {key}; requests in 60 s: 600",
    ]
    assert desk.exported() == {"version": 1, "owns": ["organizations", "teams", "users", "keys", "limits", "budgets"]}


def test_what_was_applied_needs_nothing_more_and_is_exported_as_it_was(desk: Desk) -> None:
    out, _ = desk.apply(FILE)
    assert "5 done" in out
    assert out.count("shown this once") == 1
    assert desk.apply(FILE)[0] == "nothing to change\n"
    exported, _ = desk.run("export")
    assert desk.apply(exported, "--plan")[0] == "nothing to change\n"
    found = tomllib.loads(exported)
    assert found["teams"] == [{"name": "shop", "organization": "acme"}]
    assert found["limits"] == [{"scope": "key:till", "metric": "requests", "amount": 600}]
    assert "sk-sw-" not in exported


def test_changes_are_told_from_what_to_what_and_made(desk: Desk) -> None:
    desk.apply(FILE)
    changed = FILE
    for old, new in (
        ('models = ["smart"]', 'models = ["smart", "fast"]'),
        ("limit_usd = 500", "limit_usd = 600\nalerts = []"),
        ('organization = "acme"', 'organization = "acme"\nenabled = false'),
        ("amount = 600", "amount = 1\nwindow = true"),
        ("expires = 2030-01-01T01:00:00+01:00", ""),
        ('period = "day"', 'period = "never"'),
    ):
        changed = changed.replace(old, new)
    out, _ = desk.apply(changed, "--plan")
    month = "USD a month, Europe/Berlin"
    assert out.splitlines() == [
        "change  team shop  enabled: true -> false",
        "change  limits key:till  requests in 60 s: 600 -> 1 in fixed windows",
        f"change  budgets team:shop  month: 500 {month} -> 600 {month}, alerts none",
        "change  budgets model:smart  day: 0.5 USD a day, soft -> none; never: none -> 0.5 USD, soft",
        "change  key till  models: smart -> smart,fast; expires: 2030-01-01 00:00:00 -> none",
    ]
    desk.apply(changed)
    assert desk.apply(changed, "--plan")[0] == "nothing to change\n"


def test_only_what_the_file_owns_is_deleted(desk: Desk) -> None:
    desk.apply(FILE)
    nothing = 'version = 1\nowns = ["keys", "budgets"]\n'
    out, _ = desk.apply(nothing, "--plan")
    assert out.splitlines() == [
        "delete  budgets model:smart  day: 0.5 USD a day, soft -> none",
        "delete  budgets team:shop  month: 500 USD a month, Europe/Berlin -> none",
        "delete  key till",
    ]
    desk.apply(nothing)
    left = desk.exported()
    assert {kind: len(entries) for kind, entries in left.items() if isinstance(entries, list) and kind != "owns"} == {
        "organizations": 1,
        "teams": 1,
        "users": 1,
    }
    assert desk.apply("version = 1\n")[0] == "nothing to change\n"


def test_limits_that_the_file_does_not_own_stay_beside_those_it_names(desk: Desk) -> None:
    desk.apply(FILE)
    more = 'version = 1\n[[limits]]\nscope = "key:till"\nmetric = "tokens"\namount = 5\n'
    desk.apply(more)
    assert [limit["metric"] for limit in desk.exported("--kind", "limits")["limits"]] == ["requests", "tokens"]
    assert desk.exported("--kind", "limits")["owns"] == ["limits"]


def test_keys_go_to_a_file_that_nobody_else_may_read(desk: Desk) -> None:
    keys = desk.folder / "keys.jsonl"
    out, _ = desk.apply(FILE, "--keys-to", str(keys))
    assert "sk-sw-" not in out
    assert keys.stat().st_mode & 0o777 == 0o600
    (made,) = [json.loads(line) for line in keys.read_text().splitlines()]
    assert made["name"] == "till"
    assert made["key"].startswith("sk-sw-")
    keys.chmod(0o644)
    _, err = desk.apply(FILE, "--keys-to", str(keys), status=1)
    assert "others may read it" in err
    _, err = desk.apply(FILE, "--keys-to", str(desk.folder / "away" / "keys"), status=1)
    assert "no such file" in err


def test_a_step_that_fails_is_told_and_the_rest_goes_on_but_nothing_is_deleted(desk: Desk) -> None:
    desk.apply(FILE)
    # The configuration file of the installation has a key named web, which the admin API refuses.
    changed = FILE.replace('name = "till"', 'name = "web"').replace("key:till", "key:web") + (
        '[[organizations]]\nname = "other"\n'
    )
    changed = changed.replace(
        '[[organizations]]\nname = "acme"', '[[organizations]]\nname = "acme"\nenabled = false', 1
    )
    out, err = desk.apply(changed, status=1)
    assert "create  organization other" in out
    assert "failed: create  key web" in err
    assert "a key in the configuration file has the name web" in err
    assert "not tried: delete  key till" in err
    assert "2 done, 1 failed, 1 not tried; run it again to go on" in err
    assert [key["name"] for key in desk.exported("--kind", "keys")["keys"]] == ["till"]
    out, err = desk.apply(changed, "--json", status=1)
    document = json.loads(out)
    assert [len(document[part]) for part in ("done", "failed", "left")] == [0, 1, 1]
    assert document["failed"][0]["reason"].startswith("It contradicts what is there")
    assert desk.apply(changed.replace('"web"', '"kiosk"').replace("key:web", "key:kiosk"))[0].endswith("2 done\n")


def test_what_changes_meanwhile_is_not_written_over(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from stellwerk.cli.control_data import Installation

    desk.apply(FILE)
    client = desk.admin.client()
    carry_out = Installation.carry_out

    def with_somebody_else(there: Installation, step: Any) -> Any:
        for path in ("/admin/v1/teams/shop", "/admin/v1/budgets/tag:env=x"):
            found = client.get(path).json()
            body = {"enabled": True} if "name" in found else {"budgets": [{"limit_usd": "1"}]}
            client.request("PATCH" if "name" in found else "PUT", path, json=body, headers=tag(found))
        return carry_out(there, step)

    monkeypatch.setattr(Installation, "carry_out", with_somebody_else)
    changed = FILE.replace('organization = "acme"', 'organization = "acme"\nenabled = false')
    changed += '[[budgets]]\nscope = "tag:env=x"\nlimit_usd = 2\n'
    _, err = desk.apply(changed, status=1)
    assert "failed: change  team shop" in err
    assert "It has changed meanwhile: it has version" in err
    assert "failed: create  budgets tag:env=x" in err
    assert err.count("it has changed meanwhile") == 1


def test_when_nobody_answers_any_more_it_ends_there(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from stellwerk.cli.control_data import Installation

    carry_out = Installation.carry_out

    def with_a_lost_line(there: Installation, step: Any) -> Any:
        if step.kind == "teams":
            there._client._url = there._client._url._replace(netloc="127.0.0.1:9")
        return carry_out(there, step)

    monkeypatch.setattr(Installation, "carry_out", with_a_lost_line)
    _, err = desk.apply(FILE, status=1)
    assert "nobody knows whether it was done" in err
    assert "1 done, 1 failed, 3 not tried" in err
    monkeypatch.undo()
    assert desk.apply(FILE)[0].endswith("4 done\n")


def test_of_a_key_that_was_rotated_the_newer_one_counts_and_both_end_with_it(desk: Desk) -> None:
    desk.apply(FILE)
    (key,) = desk.admin.client().get("/admin/v1/keys").json()["items"]
    desk.admin.now[0] += 1
    desk.admin.client().post(f"/admin/v1/keys/{key['id']}/rotate", json={"overlap_s": 60, "expires_s": 2_000_000_000})
    (exported,) = desk.exported("--kind", "keys")["keys"]
    assert exported["expires"].timestamp() == 2_000_000_000
    desk.apply(FILE)
    expiries = {one["expires_s"] for one in desk.admin.client().get("/admin/v1/keys").json()["items"]}
    assert expiries == {1_893_456_000, int(desk.admin.now[0]) + 60}
    out, _ = desk.apply('version = 1\nowns = ["keys"]\n', "--json")
    assert [step["action"] for step in json.loads(out)["done"]] == ["delete"]
    assert desk.admin.client().get("/admin/v1/keys").json()["items"] == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (('team = "shop"\nuser = "anne"', ""), "key till: it cannot go from the team shop to none"),
        (('organization = "acme"', ""), "team shop: it has keys, which would move with it"),
        (('[[organizations]]\nname = "acme"', ""), "team shop: there would be no organization acme"),
        (("key:till", "key:nobody"), "limits of key:nobody: there would be no key nobody"),
        (('name = "anne"\nteam = "shop"', 'name = "anne"\nteam = "away"'), "user anne: there would be no team away"),
    ],
    ids=range(5),
)
def test_what_cannot_be_is_told_before_anything_is_done(desk: Desk, change: tuple[str, str], why: str) -> None:
    desk.apply(FILE)
    changed = FILE.replace(*change).replace("owns = [", 'owns = ["organizations", ')
    _, err = desk.apply(changed, status=1)
    assert why in err
    document = json.loads(desk.apply(changed, "--plan", "--json", status=1)[0])
    assert any(why in conflict for conflict in document["conflicts"])
    assert desk.apply(FILE, "--plan")[0] == "nothing to change\n"


def test_a_token_of_a_team_exports_and_applies_what_it_reaches(desk: Desk, tmp_path: Path) -> None:
    desk.apply(FILE + '[[teams]]\nname = "other"\n')
    token = desk.admin.client().post("/admin/v1/tokens", json={"name": "t", "role": "admin", "teams": ["shop"]})
    (tmp_path / "stellwerk.toml").write_text(f'[admin]\ntoken = "{token.json()["token"]}"\n')
    exported, _ = desk.run("export")
    assert [team["name"] for team in tomllib.loads(exported)["teams"]] == ["shop"]
    assert desk.apply(exported, "--plan")[0] == "nothing to change\n"
    assert desk.apply(exported.replace("amount = 600", "amount = 7"))[0].endswith("1 done\n")


def test_what_the_configuration_file_says_goes_before_and_that_is_told(desk: Desk) -> None:
    config = desk.folder / "stellwerk.toml"
    config.write_text(config.read_text() + '[[teams]]\nname = "shop"\n')
    _, err = desk.apply(FILE, "--plan")
    assert err == "warning: team:shop stands in the configuration file, which goes before\n"
    out, _ = desk.apply(FILE, "--json")
    assert json.loads(out)["covered"] == ["team:shop"]
    assert json.loads(out)["keys"][0]["key"].startswith("sk-sw-")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "version: Field required"),
        ("version = 2", ":1: version:"),
        ("version = 1\n\n[[teams]]\nname = 'a b'", ":4: teams[0].name:"),
        ("version = 1\n[[teams]]\nname = 'a'\n[[teams]]\nname = 'a'", "teams: a stands there twice"),
        ("version = 1\n[[limits]]\nscope = 'shop'\nmetric = 'tokens'\namount = 1", ":3: limits[0].scope:"),
        ("version = 1\n[[budgets]]\nscope = 'key:a'\nlimit_usd = true", "limit_usd"),
        ("version = 1\n[[budgets]]\nscope = 'key:a'\nlimit_usd = -1", "limit_usd"),
        (
            "version = 1\n" + "[[budgets]]\nscope = 'key:a'\nlimit_usd = 1\n" * 2,
            "budgets: key:a has two of them for month",
        ),
        ("version = 1\n[[keys]]\nname = 'a'\nexpires = 2030-01-01", "keys[0].expires"),
        ("version = 1\n[[keys]]\nname = 'a'\nexpires = 1960-01-01T00:00:00Z", "a date from 1970 to 9999"),
        ("version = 1\nsecret = 1", "secret"),
        ("version = ", "this is not TOML"),
    ],
    ids=range(12),
)
def test_a_file_that_is_wrong_is_refused_with_the_place(desk: Desk, text: str, expected: str) -> None:
    _, err = desk.apply(text, status=1)
    assert expected in err
    assert err.startswith(str(desk.folder / "control.toml"))


def test_an_export_goes_to_a_file(desk: Desk) -> None:
    desk.apply(FILE)
    file = desk.folder / "out.toml"
    assert "1 organizations, 1 teams" in desk.run("export", "--output", str(file))[0]
    document = json.loads(desk.run("export", "--json", "--kind", "teams")[0])
    assert document["counts"] == {"teams": 1}
    assert tomllib.loads(document["toml"])["owns"] == ["teams"]
    assert desk.apply(file.read_text(), "--plan")[0] == "nothing to change\n"
    _, err = desk.run("export", "--output", str(desk.folder / "away" / "file"), status=1)
    assert "no such file" in err
