"""Who is found by a key: precedence, expiry, what is disabled, where and in which dialect it may be used."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

import msgspec
import pytest

from stellwerk.config.directory_file import append_delta, write_base
from stellwerk.config.pepper import digest_of
from stellwerk.config.register import FOLDER, Register
from stellwerk.core.identity import Principal
from stellwerk.core.scope import BudgetSpec, DirectoryDelta, KeyRecord, LimitSpec, Metric, ScopeKind, ScopeRecord
from stellwerk.errors import AuthenticationFailed, PermissionDenied
from stellwerk.gateway import directory as directories
from stellwerk.gateway.directory import Directory
from stellwerk.gateway.stages.authenticate import ANY, authenticate

LIMITS = (LimitSpec(Metric.REQUESTS, 5),)
SHOP = ScopeRecord(ScopeKind.TEAM, "shop", parent="acme", limits=LIMITS)
ACME = ScopeRecord(ScopeKind.ORGANIZATION, "acme", budgets=(BudgetSpec(7),))
HEADERS = {b"x-api-key": b"the-key"}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path


def record(register: Register, **rest: object) -> KeyRecord:
    plain = KeyRecord("key_1", "till", digest_of(b"the-key", register.pepper))
    return msgspec.structs.replace(plain, **rest)


def holding(state: Path, *scopes: ScopeRecord, **rest: object) -> Register:
    register = Register(state)
    write_base(state / FOLDER, 1, [record(register, **rest)], scopes)
    register.follow()
    return register


def test_a_key_of_the_register_has_its_team_and_its_teams_organization(state: Path) -> None:
    register = holding(state, SHOP, ACME, team="shop", user="anne", tags=(("env", "prod"),), models=("m",))
    found = Directory(register=register).find(b"the-key")
    assert found is not None
    assert (found.key_name, found.team, found.organization, found.user) == ("till", "shop", "acme", "anne")
    assert found.scopes == ("team:shop", "organization:acme")
    assert found.tags == (("env", "prod"),)
    assert found.may_use("m")
    assert not found.may_use("n")


def test_a_principal_is_made_once_for_all_of_its_requests(state: Path) -> None:
    directory = Directory(register=holding(state))
    assert authenticate(HEADERS, directory) is authenticate(HEADERS, directory)


def test_limits_of_a_key_are_found_by_its_scope(state: Path) -> None:
    directory = Directory(register=holding(state, limits=LIMITS))
    assert directory.scope("key:till") is None
    found = directory.find(b"the-key")
    assert found is not None
    assert found.scopes == ("key:till",)
    assert directory.scope("key:till") == ScopeRecord(ScopeKind.KEY, "till", limits=LIMITS)


def test_the_file_goes_before_the_register(state: Path) -> None:
    register = holding(state, SHOP, team="shop")
    own = KeyRecord("file:web", "web", b"", team="shop")
    mild = ScopeRecord(ScopeKind.TEAM, "shop")
    directory = Directory(keys={"the-key": own}, scopes={mild.id: mild}, register=register)
    found = directory.find(b"the-key")
    assert found is not None
    assert (found.key_name, found.organization, found.scopes) == ("web", "", ())
    assert directory.scope("team:shop") == mild


@pytest.mark.parametrize(
    "hold",
    [
        lambda state: holding(state, is_enabled=False),
        lambda state: holding(state, expires_s=1_000.0),
        lambda state: holding(state, msgspec.structs.replace(SHOP, is_enabled=False), team="shop"),
        lambda state: holding(state, SHOP, msgspec.structs.replace(ACME, is_enabled=False), team="shop"),
        lambda state: holding(state, ScopeRecord(ScopeKind.USER, "anne", is_enabled=False), user="anne"),
        Register,
    ],
    ids=["disabled", "expired", "disabled team", "disabled organization", "disabled user", "unknown"],
)
def test_whoever_is_not_known_any_more_is_told_the_same(state: Path, hold: Callable[[Path], Register]) -> None:
    directory = Directory(register=hold(state), wall=lambda: 1_000.0)
    with pytest.raises(AuthenticationFailed, match=r"^Incorrect API key provided: no such key is known"):
        authenticate(HEADERS, directory)


def test_a_key_expires_while_it_is_used(state: Path) -> None:
    now = [999.0]
    directory = Directory(register=holding(state, expires_s=1_000.0), wall=lambda: now[0])
    assert directory.find(b"the-key") is not None
    assert directory.soonest_s == 1_000.0
    now[0] = 1_000.0
    assert directory.find(b"the-key") is None


def test_a_revoked_key_is_unknown_to_the_next_directory(state: Path) -> None:
    register = holding(state)
    directory = Directory({"other": Principal("o", "", None)}, register=register)
    assert directory.find(b"the-key") is not None
    append_delta(state / FOLDER, DirectoryDelta(2, removed_keys=("key_1",)))
    assert register.follow()
    renewed = directory.renewed()
    assert renewed.find(b"the-key") is None
    assert renewed.find(b"other") is directory.find(b"other")


def test_more_callers_than_are_remembered_are_still_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directories, "MOST_REMEMBERED", 2)
    keys = {f"key-{number}": KeyRecord(str(number), f"n{number}", b"", limits=LIMITS) for number in range(5)}
    directory = Directory(keys=keys)
    for _ in range(2):
        found = [directory.find(key.encode()) for key in keys]
        assert [each.key_name for each in found if each is not None] == [f"n{number}" for number in range(5)]
    assert all(directory.scope(f"key:n{number}") is not None for number in range(5))


@pytest.mark.parametrize(
    ("peer", "forwarded", "is_allowed"),
    [
        ("10.1.2.3", b"", True),
        ("::ffff:10.1.2.3", b"", True),
        ("11.1.2.3", b"", False),
        ("11.1.2.3", b"10.1.2.3", False),  # not a proxy that is trusted
        ("192.0.2.1", b"10.1.2.3", True),
        ("192.0.2.1", b"10.1.2.3, 11.1.2.3", False),
        ("192.0.2.1", b"11.1.2.3, 10.1.2.3", True),
        ("192.0.2.1", b"nonsense", False),
        ("", b"", False),
        ("2001:db8::1", b"", True),
    ],
)
def test_a_key_is_used_from_its_networks_alone(state: Path, peer: str, forwarded: bytes, *, is_allowed: bool) -> None:
    register = holding(state, networks=("10.0.0.0/8", "2001:db8::/32"))
    directory = Directory(register=register, trusted=(ip_network("192.0.2.0/24"),))
    headers = {**HEADERS, **({b"x-forwarded-for": forwarded} if forwarded else {})}
    if is_allowed:
        assert authenticate(headers, directory, peer, "gemini").key_name == "till"
    else:
        with pytest.raises(PermissionDenied, match="may not be used from"):
            authenticate(headers, directory, peer, "gemini")


@pytest.mark.parametrize(
    ("dialect", "is_allowed"),
    [
        ("openai_chat", True),
        ("rerank", True),
        ("gemini", True),
        ("gemini_embeddings", True),
        (ANY, True),
        ("anthropic_messages", False),
        ("bedrock_converse", False),
        ("", False),
    ],
)
def test_a_key_is_used_in_its_dialects_alone(state: Path, dialect: str, *, is_allowed: bool) -> None:
    directory = Directory(register=holding(state, dialects=("openai", "gemini")))
    if is_allowed:
        assert authenticate(HEADERS, directory, "", dialect).key_name == "till"
    else:
        with pytest.raises(PermissionDenied, match="only in: gemini, openai"):
            authenticate(HEADERS, directory, "", dialect)


def test_nothing_of_a_key_goes_into_a_message(state: Path) -> None:
    directory = Directory(register=holding(state, networks=("10.0.0.0/8",)))
    with pytest.raises(PermissionDenied) as refused:
        authenticate(HEADERS, directory, "11.0.0.1", "gemini")
    assert "the-key" not in refused.value.message
