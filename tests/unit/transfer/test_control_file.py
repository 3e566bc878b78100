"""The file of control data as the documentation shows it."""

import re
from pathlib import Path

from stellwerk.transfer import control_data, control_file
from stellwerk.transfer.difference import difference

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "gitops.md").read_text(encoding="utf-8")


def test_the_file_that_the_documentation_shows_is_read_and_can_be_applied(tmp_path: Path) -> None:
    (shown,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    file = tmp_path / "control.toml"
    file.write_text(shown, encoding="utf-8")
    data, owns = control_file.read(file)
    assert owns == {"teams", "keys", "limits", "budgets"}
    plan = difference(control_data.empty(), data, owns)
    assert plan.conflicts == ()
    assert [(step.action, step.kind) for step in plan.steps] == [
        ("create", "organizations"),
        ("create", "teams"),
        ("create", "users"),
        ("create", "keys"),
    ]


def test_a_plan_reads_as_the_documentation_shows_it() -> None:
    (shown,) = re.findall(r"^```text\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    have, want = control_data.empty(), control_data.empty()
    month = {"limit_usd": "500", "period": "month", "time_zone": "Europe/Berlin", "hard": True, "name": ""}
    minute = {"metric": "requests", "per_s": 60, "window": False}
    rights: dict[str, object] = {
        "dialects": [],
        "tags": {},
        "networks": [],
        "expires_s": None,
        "enabled": True,
        "team": None,
        "user": None,
    }
    want["organizations"]["acme"] = have["organizations"]["acme"] = {"enabled": True}
    want["teams"]["shop"] = {"organization": "acme", "enabled": True}
    want["budgets"]["team:shop"] = control_data.budgets([{**month, "alerts": [0.5, 0.8, 0.95]}])
    have["users"]["bob"] = {"team": None, "enabled": True}
    for data, models, amount in ((have, ["*"], 100), (want, ["smart"], 600)):
        data["keys"]["till"] = {**rights, "models": models}
        data["limits"]["key:till"] = control_data.limits([{**minute, "amount": amount}])
    plan = difference(have, want, ("users",))
    assert sorted(step.line for step in plan.steps) == sorted(shown.splitlines())
