"""Resolution under the policy: what is not allowed is not looked up, and no answer is used in part."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest

from stellwerk.core.egress_policy import Policy
from stellwerk.core.snapshot import EgressSpec
from stellwerk.egress.guard import Guard
from stellwerk.egress.resolver import GuardedResolver
from stellwerk.errors import EgressDenied

PUBLIC = "93.184.215.14"


class NameService:
    """Gives one answer after the other, the last for ever, and counts who asks."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int) -> list[str]:
        """The next answer."""
        del port
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not answer:
            raise OSError(-2, "Name or service not known")
        return answer


def guarded(
    service: NameService, *allow: str, mode: Literal["enforce", "report", "off"] = "enforce"
) -> tuple[GuardedResolver, Guard]:
    guard = Guard(Policy.of(EgressSpec(mode, allow), ()), lambda: 0.0)
    return GuardedResolver(service, guard), guard


def resolve(resolver: GuardedResolver, host: str, port: int = 443) -> list[str]:
    return asyncio.run(resolver.resolve(host, port))


def test_a_public_answer_is_handed_on_whole() -> None:
    service = NameService([PUBLIC, "2606:4700::1"])
    resolver, guard = guarded(service, "a.example")
    assert resolve(resolver, "a.example") == [PUBLIC, "2606:4700::1"]
    assert guard.denied == 0


def test_what_is_not_listed_is_not_looked_up() -> None:
    service = NameService([PUBLIC])
    resolver, _ = guarded(service, "a.example")
    with pytest.raises(EgressDenied, match=r"b\.example is not allowed: b\.example is not listed"):
        resolve(resolver, "b.example")
    assert service.asked == []


@pytest.mark.parametrize("bad", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254", "::ffff:10.0.0.1"])
def test_a_mixed_answer_is_refused_whole_and_without_telling_the_address(bad: str) -> None:
    for answer in ([bad], [PUBLIC, bad], [bad, PUBLIC]):
        resolver, guard = guarded(NameService(answer), "*")
        with pytest.raises(EgressDenied) as refused:
            resolve(resolver, "a.example")
        assert bad not in refused.value.message
        assert guard.denials[0].address == bad


def test_a_name_that_turns_inward_is_refused_from_then_on() -> None:
    resolver, guard = guarded(NameService([PUBLIC], ["127.0.0.1"]), "a.example")
    assert resolve(resolver, "a.example") == [PUBLIC]
    with pytest.raises(EgressDenied):
        resolve(resolver, "a.example")
    assert guard.denied == 1


def test_in_report_mode_everything_is_resolved_and_remembered() -> None:
    resolver, guard = guarded(NameService(["127.0.0.1"]), "a.example", mode="report")
    assert resolve(resolver, "a.example") == ["127.0.0.1"]
    assert resolve(resolver, "b.example") == ["127.0.0.1"]
    assert [(denial.host, denial.address) for denial in guard.denials] == [
        ("a.example", "127.0.0.1"),
        ("b.example", ""),
    ]


def test_off_resolves_everything() -> None:
    resolver, guard = guarded(NameService(["127.0.0.1"]), mode="off")
    assert resolve(resolver, "b.example") == ["127.0.0.1"]
    assert guard.denied == 0


def test_that_name_service_is_away_is_told_as_it_is() -> None:
    resolver, guard = guarded(NameService([]), "a.example")
    with pytest.raises(OSError, match="not known"):
        resolve(resolver, "a.example")
    assert guard.denied == 0
