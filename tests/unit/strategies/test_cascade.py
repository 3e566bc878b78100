"""Weak models first, for requests that may go to them."""

from __future__ import annotations

import pytest

from stellwerk.core.acceptance import Acceptance
from stellwerk.strategies.cascade import Settings, build
from tests.unit.strategies.kit import ask, names, target

STRATEGY = build(Settings())
TARGETS = (target("weak"), target("middle"), target("strong"))
CHAT = b'{"messages":[{"role":"user","content":"say \\"tools\\", \\"json_schema\\" and \\"functions\\""}]}'
SCHEMAS = (
    b'{"response_format":{"type":"json_schema","json_schema":{}}}',
    b'{"text":{"format":{"type": "json_schema"}}}',
    b'{"output_config":{"format":{"type":"json_schema"}}}',
    b'{"generationConfig":{"responseSchema":{}}}',
    b'{"generationConfig":{"responseJsonSchema":{}}}',
    b'{"generation_config":{"response_schema":{}}}',
    b'{"generation_config":{"response_json_schema":{}}}',
    b'{"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{}}}}}',
)
TOOLS = (
    b'{"tools":[]}',
    b'{ "tools" : [] }',
    b'{"toolConfig":{"tools":[]}}',
    b'{"functions":[]}',
    b'{"mcp_servers":[]}',
)


def test_the_weakest_comes_first_and_its_answer_is_checked() -> None:
    plan = STRATEGY.plan(TARGETS, ask(CHAT), {})
    assert names(plan) == ["weak", "middle", "strong"]
    assert plan.acceptance == Acceptance(json=True, min_characters=1, refusal=True, finish=True)
    assert plan.reason == "weak is the weakest, and its answer is checked"


def test_the_options_say_what_is_checked() -> None:
    settings = Settings(json=False, refusal=False, finish=False, min_characters=0, min_logprob=-0.5, samples=2)
    assert build(settings).plan(TARGETS, ask(), {}).acceptance == Acceptance(min_logprob=-0.5, samples=2)


@pytest.mark.parametrize("body", TOOLS)
def test_tools_are_never_downgraded(body: bytes) -> None:
    plan = STRATEGY.plan(TARGETS, ask(body), {})
    assert names(plan) == ["strong", "middle", "weak"]
    assert plan.acceptance is None
    assert plan.reason == "strong is the strongest, and the request offers tools"


def test_long_context_is_never_downgraded() -> None:
    assert names(STRATEGY.plan(TARGETS, ask(b" " * 16_000), {}))[0] == "weak"
    plan = STRATEGY.plan(TARGETS, ask(b" " * 16_001), {})
    assert names(plan)[0] == "strong"
    assert plan.reason.endswith("has 16,001 bytes")


@pytest.mark.parametrize("body", SCHEMAS)
def test_a_schema_is_not_downgraded_where_it_is_not_checked_or_not_known(body: bytes) -> None:
    assert names(STRATEGY.plan(TARGETS, ask(body), {}))[0] == "weak"
    plan = build(Settings(json=False)).plan(TARGETS, ask(body), {})
    assert names(plan)[0] == "strong"
    assert plan.reason.endswith("has a JSON schema, which is not checked")
    plan = STRATEGY.plan((target("lacking", lacks=("json_schema",)), target("strong")), ask(body), {})
    assert names(plan)[0] == "strong"
    assert plan.reason.endswith("has a JSON schema, which lacking does not know")


def test_a_schema_beside_tools_does_not_hide_them() -> None:
    assert names(STRATEGY.plan(TARGETS, ask(SCHEMAS[0][:-1] + b"," + TOOLS[0][1:]), {}))[0] == "strong"


def test_several_answers_at_once_are_not_judged() -> None:
    assert names(STRATEGY.plan(TARGETS, ask(CHAT, choices=2), {}))[0] == "strong"


def test_a_single_target_is_what_there_is_and_its_answer_is_taken() -> None:
    plan = STRATEGY.fixed(TARGETS[:1])
    assert plan is not None
    assert plan.acceptance is None
    assert STRATEGY.fixed(TARGETS) is None
