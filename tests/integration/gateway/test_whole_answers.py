"""Checks that say something of an answer as a whole see all of it and nothing else, and what it is to rest on."""

import json
from pathlib import Path

import pytest

from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.test_guardrails import answered, said, streamed, told
from tests.integration.gateway.upstream import completes, streams
from tests.integration.http.loop import on_loop

SCHEMA = '[[guardrails]]\nuse = "json_schema"\non = ["output"]\nschema = { required = ["city"] }\n'
FITS = json.dumps({"city": "Bern", "about": "The capital of Switzerland, on the river Aare. " * 8})
LACKS = FITS.replace("city", "town")


@on_loop
@pytest.mark.parametrize(("answer", "finish"), [(FITS, "stop"), (LACKS, "content_filter")], ids=["fits", "lacks"])
async def test_json_is_judged_when_it_is_complete(tmp_path: Path, answer: str, finish: str) -> None:
    acts = (completes(answered(answer)), streams(*said(*answer)))
    async with scripted(tmp_path, *acts, sections=SCHEMA) as (gateway, _):
        whole = (await told(gateway, "Hi")).json["choices"][0]
        assert whole["finish_reason"] == finish
        text, ended = await streamed(gateway)
        assert ended == finish
        if finish == "stop":
            assert whole["message"]["content"] == text == answer
        else:
            assert "Bern" not in text


@on_loop
async def test_arguments_of_tools_are_no_answers(tmp_path: Path) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "look_up", "arguments": '{"q": "Bern"}'}}
    answer = json.loads(answered(""))
    answer["choices"][0]["message"] = {"role": "assistant", "content": None, "tool_calls": [call]}
    async with scripted(tmp_path, completes(json.dumps(answer).encode()), sections=SCHEMA) as (gateway, _):
        got = (await told(gateway, "Hi")).json["choices"][0]
        assert (got["message"]["tool_calls"], got["finish_reason"]) == ([call], "stop")


GROUNDING = '[[guardrails]]\nuse = "grounding"\non = ["output"]\n'
INVENTED = "Breakfast costs 19 Euro and is served in the garden pavilion behind the lake."


@on_loop
@pytest.mark.parametrize(
    ("answer", "header"),
    [
        ("The breakfast costs 12 Euro and is served until ten.", b"pass; output grounding=pass"),
        (INVENTED, b"flag; output grounding=flag"),
    ],
    ids=["supported", "invented"],
)
async def test_answers_are_compared_with_what_their_requests_say(tmp_path: Path, answer: str, header: bytes) -> None:
    question = "Context: Breakfast is 12 Euro, and served until ten in the hall. Question: What does breakfast cost?"
    async with scripted(tmp_path, completes(answered(answer)), sections=GROUNDING) as (gateway, _):
        got = await told(gateway, question)
        assert got.json["choices"][0]["message"]["content"] == answer
        assert got.fields[b"x-stellwerk-guardrail"] == header
