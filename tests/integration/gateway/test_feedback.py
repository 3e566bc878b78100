"""What callers say of answers is on record, and a bad one goes from the cache for all who share it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from stellwerk.caches import sqlite
from stellwerk.compute import meaning as meanings
from stellwerk.compute import recollection
from stellwerk.core.feedback import Feedback
from stellwerk.core.meaning import REJECT
from stellwerk.errors import StoreUnavailable
from stellwerk.gateway import feedback
from stellwerk.gateway import recollection as recollections
from stellwerk.gateway.feedback import MOST_BYTES, MOST_COMMENT, MOST_OF_KEY, MOST_WAITING
from stellwerk.ports.compute import Outcome
from stellwerk.stores.sqlite.day_file import DAY_MS, path_of
from stellwerk.stores.sqlite.feedback import find_feedback
from stellwerk.stores.sqlite.read import find_event
from tests.integration.gateway.clients import once, raw
from tests.integration.gateway.kit import KEY, KEYS, LIMITED_KEY, Gateway
from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.test_cache import CACHE, COLLEAGUE, MORE_KEYS, STRANGER, asks, kept, told
from tests.integration.gateway.test_optimize import Away, Compute, computed
from tests.integration.gateway.test_semantic_cache import RESET, SAME, SEMANTIC, remembered
from tests.integration.gateway.upstream import completes
from tests.integration.http.loop import eventually, on_loop
from tests.unit.compute.test_recollection import MINILM, _loaded

PERSONAL = [{"role": "user", "content": "My address is jane.doe@example.com, say hello."}]


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """A compute process that has just begun, but for an embedder that is loaded once for all tests."""
    recollection._made.cache_clear()
    meanings.meaning.cache_clear()
    recollection.recollection()._embedders[recollection._name(MINILM)] = _loaded()
    yield
    recollection._made.cache_clear()
    meanings.meaning.cache_clear()


def records(gateway: Gateway) -> Path:
    """Where requests are on record."""
    return Path(gateway.snapshot.state.directory) / "events"


async def on_record(gateway: Gateway, number: int) -> str:
    """The id of a request, once it is on record."""
    request_id = (await gateway.event(number)).request_id

    def is_there() -> bool:
        with suppress(StoreUnavailable):
            return find_event(records(gateway), request_id) is not None
        return False

    await eventually(is_there)
    return request_id


async def says(gateway: Gateway, body: Any, key: str = KEY) -> tuple[int, Any]:
    """What comes of feedback: status and answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with raw(gateway) as caller:
        await caller.ask(content, path=b"/v1/feedback", key=key)
        answer = await caller.told()
    return answer.status, json.loads(answer.body)


def said(gateway: Gateway, request_id: str) -> Feedback | None:
    """What is on record of it."""
    event = find_event(records(gateway), request_id)
    assert event is not None
    return find_feedback(records(gateway), event)


@on_loop
async def test_an_answer_that_is_called_bad_goes_for_all_who_share_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback, "LATE_MS", 0)
    async with scripted(tmp_path, completes(), sections=CACHE + MORE_KEYS) as (gateway, playing):
        assert await asks(gateway) == "miss"
        await kept(gateway)
        assert await asks(gateway, COLLEAGUE) == "exact"
        hit = await on_record(gateway, 2)
        status, answer = await says(gateway, {"request_id": hit, "value": -1, "comment": "That is wrong."})
        assert (status, answer) == (
            200,
            {"object": "feedback", "request_id": hit, "value": -1, "removed": True},
        )
        assert await asks(gateway, COLLEAGUE) == "miss"
        await kept(gateway)
        assert await asks(gateway) == "exact"
        assert len(playing.requests) == 2
        known = said(gateway, hit)
        assert known is not None
        assert (known.value, known.comment, known.key_name) == (-1, "That is wrong.", "web")
        assert (await says(gateway, {"request_id": hit, "value": -1}))[0] == 200
        assert await asks(gateway) == "exact"  # it was said before, of another answer


@on_loop
async def test_so_does_the_answer_that_was_kept_of_the_request_itself(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=CACHE) as (gateway, playing):
        assert await asks(gateway) == "miss"
        await kept(gateway)
        miss = await on_record(gateway, 1)
        assert (await says(gateway, {"request_id": miss, "value": 1}))[1]["removed"] is False
        assert await asks(gateway) == "exact"
        assert (await says(gateway, {"request_id": miss, "value": -1}))[1]["removed"] is True
        assert await asks(gateway) == "miss"
        assert len(playing.requests) == 2
        known = said(gateway, miss)
        assert known is not None
        assert known.value == -1  # the last word counts
        assert said(gateway, await on_record(gateway, 3)) is None


@on_loop
async def test_nobody_else_can_speak_of_a_request(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=CACHE + MORE_KEYS) as (gateway, _):
        assert await asks(gateway) == "miss"
        await kept(gateway)
        request_id = await on_record(gateway, 1)
        for key in (STRANGER, LIMITED_KEY):
            status, answer = await says(gateway, {"request_id": request_id, "value": -1}, key)
            assert (status, answer["error"]["code"]) == (404, "not_found")
        assert (await says(gateway, {"request_id": request_id, "value": -1}, "nobody-0123456789"))[0] == 401
        assert said(gateway, request_id) is None
        assert await asks(gateway) == "exact"


@on_loop
async def test_what_one_key_keeps_for_itself_goes_only_by_that_key(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=CACHE + MORE_KEYS) as (gateway, _):
        assert await asks(gateway, messages=PERSONAL) == "miss"
        await kept(gateway)
        request_id = await on_record(gateway, 1)
        assert (await says(gateway, {"request_id": request_id, "value": -1}, COLLEAGUE))[0] == 200
        assert await asks(gateway, messages=PERSONAL) == "exact"
        assert (await says(gateway, {"request_id": request_id, "value": -1}))[1]["removed"] is True
        assert await asks(gateway, messages=PERSONAL) == "miss"


@on_loop
async def test_a_scope_learns_that_a_semantic_hit_was_wrong_and_only_once(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=SEMANTIC) as (gateway, _):
        computed(gateway, compute := Compute())
        assert await asks(gateway, messages=RESET) == "miss"
        await remembered(gateway, compute)
        assert await asks(gateway, messages=SAME) == "semantic"
        request_id = await on_record(gateway, 2)
        for _ in range(2):
            assert (await says(gateway, {"request_id": request_id, "value": -1}))[1]["removed"] is True
        await eventually(lambda: not len(recollection.recollection()._store))
        assert compute.asked.count(REJECT) == 1
        (scope,) = meanings.meaning()._scopes.values()
        explained = scope.scope.explained()
        assert (explained["labels"], explained["audits"], explained["status"]) == (1, 0, "cold")
        assert await asks(gateway, messages=RESET) == "miss"


@on_loop
async def test_with_it_goes_what_says_the_same(tmp_path: Path) -> None:
    other = [{"role": "user", "content": "Is there a way to get a new password?"}]
    async with scripted(tmp_path, completes(), sections=SEMANTIC) as (gateway, _):
        computed(gateway, compute := Compute())
        assert await asks(gateway, messages=RESET) == "miss"
        await remembered(gateway, compute)
        assert await asks(gateway, messages=other) == "miss"  # and has the same answer, which is learned
        await remembered(gateway, compute, 2)
        await eventually(lambda: meanings.meaning()._answers)
        assert await asks(gateway, messages=other) == "exact"
        assert (await says(gateway, {"request_id": await on_record(gateway, 3), "value": -1}))[1]["removed"] is True
        await kept(gateway, 0)
        assert await asks(gateway, messages=RESET) == "miss"


@on_loop
async def test_without_anybody_to_tell_or_a_cache_it_is_put_on_record(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=SEMANTIC) as (gateway, _):
        computed(gateway, Away())
        assert await asks(gateway, messages=RESET) == "miss"
        await kept(gateway)
        assert (await says(gateway, {"request_id": await on_record(gateway, 1), "value": -1}))[1]["removed"] is True
        assert await asks(gateway, messages=RESET) == "miss"
        gateway.adopt(gateway.compile(gateway.source.replace("semantic = true", "semantic = false")))
        answer = await told(gateway)
        assert b"x-stellwerk-cache" not in answer.fields
        request_id = await on_record(gateway, 3)
        assert (await says(gateway, {"request_id": request_id, "value": -1}))[1]["removed"] is False
        assert said(gateway, request_id) is not None


NO_FEEDBACK: list[Any] = [
    b"",
    b"[]",
    b"[" * 10_000,
    {"value": 1},
    {"request_id": "ID"},
    {"request_id": "ID", "value": 0},
    {"request_id": "ID", "value": True},
    {"request_id": "ID", "value": "down"},
    {"request_id": 7, "value": 1},
    {"request_id": "ID", "value": 1, "score": "up"},
    {"request_id": "ID", "value": 1, "comment": "x" * (MOST_COMMENT + 1)},
]


@on_loop
async def test_what_is_no_feedback_is_refused_in_the_dialect_of_openai(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes()) as (gateway, _):
        for body in NO_FEEDBACK:
            status, answer = await says(gateway, body)
            assert (status, answer["error"]["type"]) == (400, "invalid_request_error")


@on_loop
async def test_of_what_nobody_knows_and_of_too_much_it_says_so(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes()) as (gateway, _):
        for request_id in ("", "no id", "f" * 32, "0" * 32, "019aac000000" + "7" * 20, "é" * 40):
            assert (await says(gateway, {"request_id": request_id, "value": 1}))[0] == 404
        assert (await says(gateway, b" " * (MOST_BYTES + 1)))[0] == 413
        refused = await once(gateway, b"GET /v1/feedback HTTP/1.1\r\nhost: gateway\r\n\r\n", to=b"GET")
        assert (refused.status, refused.fields[b"allow"]) == (405, b"POST")
        await told(gateway)
        request_id = await on_record(gateway, 1)
        feedbacks = gateway.parts.app._feedbacks
        assert feedbacks is not None
        assert not feedbacks._waiting
        for key_name, count, status in (("another", MOST_WAITING, 503), ("web", MOST_OF_KEY, 429)):
            feedbacks._waiting = Counter({key_name: count})
            async with raw(gateway) as caller:
                await caller.ask(json.dumps({"request_id": request_id, "value": 1}).encode(), path=b"/v1/feedback")
                answer = await caller.told()
            assert (answer.status, answer.fields[b"retry-after"]) == (status, b"1")
        feedbacks._waiting = Counter()
        path = path_of(records(gateway), gateway.events[0].started_ms // DAY_MS)
        path.rename(path.with_suffix(".away"))
        path.mkdir()
        assert (await says(gateway, {"request_id": request_id, "value": 1}))[0] == 503
        path.rmdir()
        path.with_suffix(".away").rename(path)
        assert (await says(gateway, {"request_id": request_id, "value": 1}))[0] == 200
        assert not feedbacks._waiting


@on_loop
async def test_where_logs_hold_nothing_personal_comments_do_not_either(tmp_path: Path) -> None:
    sections = f'{KEYS}\n[[guardrails]]\nname = "private"\nuse = "pii"\non = ["log"]\n'
    async with scripted(tmp_path, completes(), sections=sections) as (gateway, _):
        await told(gateway)
        request_id = await on_record(gateway, 1)
        body = {"request_id": request_id, "value": -1, "comment": "Ask jane.doe@example.com instead."}
        assert (await says(gateway, body))[0] == 200
        known = said(gateway, request_id)
        assert known is not None
        assert "jane.doe" not in known.comment
        assert known.comment.startswith("Ask ")


@on_loop
async def test_what_is_said_again_is_no_purge_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback, "MOST_REMOVED", 2)
    monkeypatch.setattr(feedback, "AGAIN_S", 600.0)
    monkeypatch.setattr(sqlite, "PURGE_S", 600.0)
    async with scripted(tmp_path, completes(), sections=CACHE + 'backend = "sqlite"\n') as (gateway, _):
        state = Path(gateway.snapshot.state.directory)

        def are(expected: int) -> bool:
            with closing(sqlite3.connect(state / "cache.db")) as connection:
                (count,) = connection.execute("SELECT count(*) FROM purge").fetchone()
            return bool(count == expected)

        async def calls_bad(number: int, times: int) -> None:
            request_id = await on_record(gateway, number)
            for _ in range(times):
                assert (await says(gateway, {"request_id": request_id, "value": -1}))[1]["removed"] is True

        for number in (1, 2):
            assert await asks(gateway) == "miss"
            await kept(gateway)
            await calls_bad(number, 5)
            await eventually(partial(are, 2 * number))  # its own, and the one that it shares
        monkeypatch.setattr(feedback, "AGAIN_S", 0.0)
        await calls_bad(2, 1)
        await eventually(partial(are, 6))
        assert await asks(gateway, messages=PERSONAL) == "miss"
        await kept(gateway)
        await calls_bad(3, 1)


@on_loop
async def test_callers_who_cannot_be_told_apart_on_record_speak_of_nothing(tmp_path: Path) -> None:
    anna, bert = "anna-key-0123456789", "bert-key-0123456789"
    keys = "".join(
        f'[[keys]]\nname = "{name}@example.com"\nkey = "{key}"\n' for name, key in (("anna", anna), ("bert", bert))
    )
    guard = '[[guardrails]]\nuse = "pii"\non = ["log"]\naction = "mask"\n'

    def away() -> bytes:
        raise StoreUnavailable("It cannot be read.")

    async with scripted(tmp_path, completes(), sections=CACHE + keys + guard) as (gateway, _):
        redaction = gateway.parts.pipeline.configuration.redaction
        assert redaction is not None
        known, redaction.key = redaction.key, away
        assert await asks(gateway, anna) == "miss"
        request_id = await on_record(gateway, 1)
        assert (await gateway.event(1)).key_name == "[EMAIL_ADDRESS]"
        assert (await says(gateway, {"request_id": request_id, "value": -1}, bert))[0] == 503
        redaction.key = known
        assert (await says(gateway, {"request_id": request_id, "value": -1}, bert))[0] == 404
        assert said(gateway, request_id) is None


class Late(Compute):
    """It keeps its answers to itself until they are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Callable[[], None]] = []

    def ask(self, job: str, payload: bytes, timeout_s: float, done: Callable[[Outcome], None]) -> asyncio.Handle:
        """See the port."""
        return super().ask(job, payload, timeout_s, lambda outcome: self.held.append(partial(done, outcome)))


@on_loop
async def test_an_answer_that_is_called_bad_before_it_is_kept_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recollections, "MOST_REJECTED", 1)
    async with scripted(tmp_path, completes(), sections=CACHE) as (gateway, playing):
        computed(gateway, late := Late())
        shared = gateway.parts.pipeline.recollection
        assert shared is not None
        for number in (1, 2):
            assert await asks(gateway) == "miss"
            await eventually(lambda: late.held)
            request_id = await on_record(gateway, number)
            assert (await says(gateway, {"request_id": request_id, "value": -1}))[1]["removed"] is True
            late.held.pop()()
            await eventually(lambda: not shared.flights)
        computed(gateway, Compute())
        assert await asks(gateway) == "miss"
        await kept(gateway)
        assert await asks(gateway) == "exact"
        assert len(playing.requests) == 3
