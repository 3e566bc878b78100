"""The policy: which hosts are listed, which addresses they may have, and what speaks for itself."""

from __future__ import annotations

import pytest

from stellwerk.core.egress_policy import OFF, PROVIDER, Decision, Policy
from stellwerk.core.snapshot import EgressSpec
from stellwerk.core.wire import Origin

PUBLIC = "93.184.215.14"


def policy(*allow: str, private: tuple[str, ...] = (), origins: tuple[Origin, ...] = ()) -> Policy:
    """An enforced policy."""
    return Policy.of(EgressSpec("enforce", allow, private), origins)


def test_by_itself_nothing_is_allowed() -> None:
    assert Policy().judge_host("api.openai.com", 443) == Decision(False, "api.openai.com is not listed")
    assert Policy().judge_host("api.openai.com", 80) == Decision(False, "api.openai.com:80 is not listed")
    assert Policy().judge_host("::1", 80) == Decision(False, "[::1]:80 is not listed")
    assert Policy().judge_host("a b", 443) == Decision(False, "'a b' is no host name")


@pytest.mark.parametrize(
    ("allow", "host", "port", "reason"),
    [
        ("api.openai.com", "api.openai.com", 443, "listed"),
        ("api.openai.com", "API.OPENAI.COM.", 443, "listed"),
        ("api.openai.com:8443", "api.openai.com", 8443, "listed"),
        ("*.amazonaws.com", "s3.amazonaws.com", 443, "listed as *.amazonaws.com"),
        ("*.amazonaws.com", "a.b.c.amazonaws.com", 443, "listed as *.amazonaws.com"),
        ("*.com", "example.com", 443, "listed as *.com"),
        ("*", "example.com", 443, "listed as *"),
        ("*", PUBLIC, 443, "listed as *"),
        ("*", "2606:4700::1", 443, "listed as *"),
        ("*:80", "example.com", 80, "listed as *"),
        (PUBLIC, PUBLIC, 443, "listed"),
        ("2606:4700::1", "2606:4700:0::1", 443, "listed"),
        ("vector.internal", "vector.internal", 443, "listed"),
    ],
)
def test_a_listed_host_is_allowed_with_its_port(allow: str, host: str, port: int, reason: str) -> None:
    assert policy(allow).judge_host(host, port) == Decision(True, reason)


@pytest.mark.parametrize(
    ("allow", "host", "port"),
    [
        ("api.openai.com", "api.openai.com", 8443),
        ("api.openai.com", "openai.com", 443),
        ("api.openai.com", "x.api.openai.com", 443),
        ("*.amazonaws.com", "amazonaws.com", 443),
        ("*.amazonaws.com", "evilamazonaws.com", 443),
        ("*.amazonaws.com", "s3.amazonaws.com", 80),
        ("*.amazonaws.com", "s3.amazonaws.com.evil.example", 443),
        ("*", "example.com", 80),
        ("*", "127.0.0.1", 443),
        ("*", "10.0.0.1", 443),
        ("*", "intranet", 443),
        ("*", "localhost", 443),
        ("*", "a.localhost", 443),
        ("*", "metadata.google.internal", 443),
        ("*", "printer.local", 443),
        ("*", "134744072", 443),
        ("134744072.example", "8.8.8.8", 443),
    ],
)
def test_whatever_is_beside_it_is_not(allow: str, host: str, port: int) -> None:
    assert not policy(allow).judge_host(host, port).is_allowed


def test_a_listed_name_may_only_have_public_addresses() -> None:
    listed = policy("a.example")
    assert listed.judge_address("a.example", PUBLIC, 443) == Decision(True, "listed")
    assert listed.judge_address("a.example", "::ffff:8.8.8.8", 443).is_allowed
    refused = listed.judge_address("a.example", "10.0.0.1", 443)
    assert refused == Decision(
        False, "10.0.0.1 is private, and no pair of egress.private permits it for a.example", None, "10.0.0.1"
    )
    assert not listed.judge_address("a.example", "::ffff:10.0.0.1", 443).is_allowed
    assert not listed.judge_address("a.example", PUBLIC, 80).is_allowed
    assert listed.judge_address("a.example", "a.example", 443).reason == "'a.example' is no address"


def test_one_bad_address_spoils_an_answer() -> None:
    listed = policy("a.example")
    assert listed.judge_answer("a.example", [PUBLIC, "2606:4700::1"], 443).is_allowed
    assert listed.judge_answer("a.example", [], 443).is_allowed
    for bad in ("127.0.0.1", "fd00::1", "169.254.169.254", "0x7f.1", ""):
        for answer in ([bad], [PUBLIC, bad], [bad, PUBLIC], [PUBLIC, bad, PUBLIC]):
            decision = listed.judge_answer("a.example", answer, 443)
            assert (decision.is_allowed, decision.address) == (False, bad)


def test_a_pair_lets_a_listed_host_into_its_network_alone() -> None:
    paired = policy("a.example", "b.example", private=("a.example=10.0.0.0/24", "a.example=fd00::/64"))
    assert paired.judge_address("a.example", "10.0.0.9", 443).is_allowed
    assert paired.judge_address("a.example", "::ffff:10.0.0.9", 443).is_allowed
    assert paired.judge_address("a.example", "fd00::9", 443).is_allowed
    assert paired.judge_address("a.example", PUBLIC, 443).is_allowed
    assert not paired.judge_address("a.example", "10.0.1.9", 443).is_allowed
    assert not paired.judge_address("b.example", "10.0.0.9", 443).is_allowed


def test_a_pair_alone_lists_nothing() -> None:
    assert not policy(private=("a.example=10.0.0.0/24",)).judge_host("a.example", 443).is_allowed


def test_an_address_that_is_listed_needs_a_pair_when_it_is_not_public() -> None:
    refused = policy("10.0.0.5").judge_host("10.0.0.5", 443)
    assert refused.reason == "10.0.0.5 is private, and no pair of egress.private permits it for 10.0.0.5"
    assert policy("10.0.0.5", private=("10.0.0.5=10.0.0.0/24",)).judge_host("10.0.0.5", 443).is_allowed
    assert policy("fd00::5", private=("fd00::5=fd00::5",)).judge_address("fd00::5", "fd00::5", 443).is_allowed


def test_localhost_that_is_listed_needs_a_pair() -> None:
    assert "is this machine" in policy("localhost:8000").judge_host("localhost", 8000).reason
    paired = policy("localhost:8000", private=("localhost=127.0.0.0/8",))
    assert paired.judge_host("localhost", 8000).is_allowed
    assert paired.judge_address("localhost", "127.0.0.1", 8000).is_allowed
    assert not paired.judge_address("localhost", "::1", 8000).is_allowed
    assert not paired.judge_address("localhost", PUBLIC, 8000).is_allowed


def test_a_metadata_service_takes_a_pair_of_its_very_address() -> None:
    wide = policy("a.example", private=("a.example=169.254.0.0/16", "a.example=0.0.0.0/0", "a.example=::/0"))
    assert wide.judge_address("a.example", "169.254.1.1", 443).is_allowed
    for address in ("169.254.169.254", "::ffff:169.254.169.254", "168.63.129.16", "fd00:ec2::254"):
        assert not wide.judge_address("a.example", address, 443).is_allowed
    exact = policy("a.example", private=("a.example=169.254.169.254",))
    assert exact.judge_address("a.example", "169.254.169.254", 443).is_allowed


def test_an_address_is_itself_and_nothing_else() -> None:
    listed = policy(PUBLIC)
    assert listed.judge_address(PUBLIC, PUBLIC, 443).is_allowed
    assert listed.judge_address(PUBLIC, f"::ffff:{PUBLIC}", 443).is_allowed
    assert listed.judge_address(PUBLIC, "8.8.8.8", 443).reason == f"8.8.8.8 is not {PUBLIC}"


def test_a_provider_speaks_for_its_own_origin() -> None:
    own = policy(origins=(Origin("https", "API.example.", 443), Origin("http", "models.example", 8000)))
    assert own.judge_url("https://api.example/v1") == Decision(True, PROVIDER, Origin("https", "api.example", 443))
    assert own.judge_url("http://models.example:8000/v1").is_allowed
    assert not own.judge_url("http://api.example/v1").is_allowed
    assert not own.judge_url("https://models.example/").is_allowed
    assert not own.judge_address("models.example", "10.0.0.1", 8000).is_allowed
    assert own.judge_address("models.example", PUBLIC, 8000).is_allowed


def test_a_literal_address_in_a_base_url_permits_exactly_itself() -> None:
    own = policy("*", "*:8000", origins=(Origin("http", "127.0.0.1", 8000), Origin("http", "::1", 8001)))
    assert own.judge_address("127.0.0.1", "127.0.0.1", 8000).is_allowed
    assert own.judge_address("127.0.0.1", "::ffff:127.0.0.1", 8000).is_allowed
    assert own.judge_address("::1", "::1", 8001).is_allowed
    assert not own.judge_address("127.0.0.1", "127.0.0.2", 8000).is_allowed
    assert not own.judge_host("127.0.0.1", 8001).is_allowed
    assert not own.judge_host("localhost", 8000).is_allowed
    assert not own.judge_address("a.example", "127.0.0.1", 8000).is_allowed


def test_localhost_in_a_base_url_permits_this_machine() -> None:
    own = policy(origins=(Origin("http", "localhost", 8000),))
    assert own.judge_answer("localhost", ["::1", "127.0.0.1"], 8000).is_allowed
    assert not own.judge_address("localhost", "127.0.0.2", 8000).is_allowed
    assert not own.judge_address("localhost", "10.0.0.1", 8000).is_allowed
    assert not own.judge_address("localhost", PUBLIC, 8000).is_allowed
    assert not own.judge_host("localhost", 8001).is_allowed
    assert not own.judge_host("127.0.0.1", 8000).is_allowed


@pytest.mark.parametrize("host", ["0x7f.1", "a..b", "fe80::1%1", "[::1]"])
def test_an_origin_without_a_plain_host_permits_nothing(host: str) -> None:
    own = policy(origins=(Origin("http", host, 80),))
    assert own.origins == frozenset()
    assert not own.judge_host(host, 80).is_allowed


def test_plain_http_is_for_providers_and_for_ports_that_an_entry_names() -> None:
    own = policy("a.example", "b.example:80", "*.c.example:8080", "*:8443", origins=(Origin("https", "d.e", 8444),))
    assert own.judge_url("http://b.example/").is_allowed
    assert own.judge_url("http://x.c.example:8080/").is_allowed
    assert own.judge_url("http://x.example:8443/").is_allowed
    refused = own.judge_url("http://a.example:443/")
    assert refused == Decision(
        False, "http is not allowed to a.example:443, only https", Origin("http", "a.example", 443)
    )
    assert not own.judge_url("http://d.e:8444/").is_allowed
    assert own.judge_url("https://d.e:8444/").is_allowed


def test_what_is_malformed_is_denied_with_the_reason() -> None:
    assert policy("*").judge_url("nonsense") == Decision(False, "malformed: it is no absolute URL")
    assert policy("*").judge_url("https://0x7f.1").reason.startswith("127.0.0.1 in a spelling")


def test_off_allows_everything_that_is_a_destination_at_all() -> None:
    off = Policy.of(EgressSpec("off"), ())
    assert off.judge_url("http://169.254.169.254/").reason == OFF
    assert off.judge_url("http://a.example:443/").is_allowed
    assert off.judge_answer("a.example", ["10.0.0.1", "nonsense"], 1).is_allowed
    assert not off.judge_url("nonsense").is_allowed
    assert not off.judge_host("a b", 1).is_allowed


def test_report_decides_as_enforce_does() -> None:
    report = Policy.of(EgressSpec("report", ("a.example",)), ())
    assert not report.judge_host("b.example", 443).is_allowed
    assert not report.judge_address("a.example", "10.0.0.1", 443).is_allowed


def test_origins_can_be_added_to_a_policy_that_stays_as_it_is() -> None:
    before = policy("a.example")
    after = before.with_origins([Origin("https", "b.example", 443)])
    assert not before.judge_host("b.example", 443).is_allowed
    assert after.judge_host("b.example", 443).is_allowed
    assert after.judge_host("a.example", 443).is_allowed


def test_a_decision_is_one_word() -> None:
    assert (Decision(True, "").word, Decision(False, "").word) == ("allow", "deny")
