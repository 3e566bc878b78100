"""Control data as a file: what is exported and applied elsewhere is the same there, whatever was there before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stellwerk.cli.admin_client import AdminClient
from stellwerk.cli.control_data import Installation
from stellwerk.transfer import control_data, control_file
from stellwerk.transfer.control_data import KINDS, ControlData
from stellwerk.transfer.difference import difference
from tests.property.control_data import everything, options, served


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdminClient]:
    folder = tmp_path_factory.mktemp("admin")
    with served(folder / "state") as (_, url):
        yield AdminClient(options(folder, url))


def become(client: AdminClient, want: ControlData, owns: tuple[str, ...] = KINDS) -> ControlData:
    """What an installation has once a file was applied, without anything in the way."""
    there = Installation(client)
    plan = difference(there.data, want, owns)
    assert plan.conflicts == ()
    for step in plan.steps:
        there.carry_out(step)
    return Installation(client).data


def through_a_file(data: ControlData, folder: Path) -> ControlData:
    file = folder / "control.toml"
    file.write_text(control_file.written(data, KINDS), encoding="utf-8")
    found, owns = control_file.read(file)
    assert owns == set(KINDS)
    return found


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(everything())
def test_a_file_says_what_was_written_into_it(tmp_path: Path, data: ControlData) -> None:
    assert through_a_file(data, tmp_path) == data


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(everything())
def test_an_export_makes_an_empty_installation_the_same(
    installation: AdminClient, tmp_path: Path, data: ControlData
) -> None:
    assert become(installation, control_data.empty()) == control_data.empty()
    made = become(installation, data)
    assert made == data
    exported = through_a_file(made, tmp_path)
    assert difference(made, exported, KINDS).steps == ()
    assert become(installation, control_data.empty()) == control_data.empty()
    assert become(installation, exported) == data


@settings(max_examples=200, deadline=None)
@given(everything(), everything(), st.lists(st.sampled_from(KINDS), unique=True))
def test_a_plan_deletes_only_what_the_file_owns_and_leads_to_what_it_says(
    have: ControlData, want: ControlData, owns: list[str]
) -> None:
    plan = difference(have, want, owns)
    assert all(step.kind in owns for step in plan.steps if step.action == "delete")
    if plan.conflicts:
        return
    there = {kind: dict(entries) for kind, entries in have.items()}
    for step in plan.steps:
        values = dict(step.after or {})
        for kind in control_data.ALLOWANCES:
            scope = f"{control_data.singular(step.kind)}:{step.name}"
            if step.action == "create" and step.kind in control_data.OWNERS and kind in values:
                there[kind][scope] = values.pop(kind)
            if step.action == "delete" and step.kind in control_data.OWNERS:
                there[kind].pop(scope, None)
        there[step.kind].pop(step.name, None)
        if step.action != "delete":
            there[step.kind][step.name] = values
    again = difference(there, want, owns)
    assert again.steps == ()
    for kind in KINDS:
        assert kind not in owns or there[kind] == want[kind]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(everything(), everything())
def test_an_installation_becomes_what_another_file_says_unless_there_is_a_conflict(
    installation: AdminClient, first: ControlData, second: ControlData
) -> None:
    become(installation, control_data.empty())
    become(installation, first)
    if not difference(first, second, KINDS).conflicts:
        assert become(installation, second) == second
