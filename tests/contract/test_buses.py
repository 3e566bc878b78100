"""What every bus must do, whichever file of the shelf it is."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import msgspec
import pytest

from stellwerk import plugins
from stellwerk.errors import ConfigurationError
from stellwerk.ports.bus import Bus, Notice

PATIENCE_S = 20.0


def made(kind: str, directory: Path, slot: int) -> Bus:
    bus = plugins.build("buses", kind, {}, directory=directory, slot=slot, loop=asyncio.get_running_loop())
    return cast("Bus", bus)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  # a bus tells nobody else when a notice has arrived
            await asyncio.sleep(0.002)


@pytest.fixture(params=plugins.shelf("buses"))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_there_is_a_bus() -> None:
    assert "local" in plugins.shelf("buses")


def test_it_exports_frozen_settings_that_refuse_what_they_do_not_know(kind: str) -> None:
    settings = plugins.settings("buses", kind)
    assert issubclass(settings, msgspec.Struct)
    assert settings.__struct_config__.frozen
    with pytest.raises(ConfigurationError):
        plugins.convert("buses", kind, {"no such option": 1})


def test_its_build_takes_where_it_is(kind: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        bus = made(kind, tmp_path, 0)
        assert not any(inspect.iscoroutinefunction(method) for method in (bus.publish, bus.subscribe, bus.close))
        bus.close()

    asyncio.run(scenario())


def between_two(kind: str, directory: Path, act: Callable[[Bus, Bus, list[Notice]], Awaitable[None]]) -> None:
    """Runs a scenario with two workers' ends and what the second one has heard."""

    async def scenario() -> None:
        one, two = made(kind, directory, 1), made(kind, directory, 2)
        heard: list[Notice] = []
        two.subscribe(heard.append)
        await act(one, two, heard)
        one.close()
        two.close()

    asyncio.run(scenario())


def test_a_notice_reaches_every_listener_of_another_worker(kind: str, tmp_path: Path) -> None:
    async def act(one: Bus, two: Bus, heard: list[Notice]) -> None:
        second: list[Notice] = []
        two.subscribe(second.append)
        one.publish(Notice("directory", 17))
        await until(lambda: bool(heard and second))
        assert heard == second == [Notice("directory", 17)]

    between_two(kind, tmp_path, act)


def test_nobody_hears_himself(kind: str, tmp_path: Path) -> None:
    async def act(one: Bus, two: Bus, heard: list[Notice]) -> None:
        own: list[Notice] = []
        one.subscribe(own.append)
        one.publish(Notice("a", 1))
        two.publish(Notice("b", 1))
        await until(lambda: bool(heard and own))
        assert own == [Notice("b", 1)]

    between_two(kind, tmp_path, act)


def test_a_topic_may_hold_any_text(kind: str, tmp_path: Path) -> None:
    async def act(one: Bus, two: Bus, heard: list[Notice]) -> None:
        del two
        topics = ["", "Schlüssel/grün", "\x00\n", "🚦" * 100]
        for topic in topics:
            one.publish(Notice(topic, 2**53))
        await until(lambda: len(heard) == len(topics))
        assert [notice.topic for notice in heard] == topics
        assert {notice.version for notice in heard} == {2**53}

    between_two(kind, tmp_path, act)


def test_a_burst_ends_with_the_newest_version_known(kind: str, tmp_path: Path) -> None:
    async def act(one: Bus, two: Bus, heard: list[Notice]) -> None:
        del two
        for version in range(1000):
            one.publish(Notice("a", version))
        await until(lambda: bool(heard) and heard[-1].version == 999)

    between_two(kind, tmp_path, act)


def test_publishing_with_nobody_there_does_nothing(kind: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        bus = made(kind, tmp_path, 0)
        bus.publish(Notice("a", 1))
        bus.close()

    asyncio.run(scenario())


def test_a_worker_that_has_left_is_not_missed_and_may_come_back(kind: str, tmp_path: Path) -> None:
    async def act(one: Bus, two: Bus, heard: list[Notice]) -> None:
        third = made(kind, tmp_path, 3)
        third.close()
        one.publish(Notice("a", 1))
        again = made(kind, tmp_path, 3)
        late: list[Notice] = []
        again.subscribe(late.append)
        two.publish(Notice("b", 1))
        await until(lambda: bool(heard and late))
        assert late == [Notice("b", 1)]
        again.close()

    between_two(kind, tmp_path, act)
