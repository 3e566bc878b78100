"""Whatever is sent, a simulated OpenAI answers with a response or refuses."""

from contextlib import suppress
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.simulator.answer import Author
from stellwerk.simulator.dialect import Stamp
from stellwerk.simulator.openai.responses.speaker import Responses
from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.spread import sampler
from stellwerk.simulator.steering import NOTHING

AUTHOR = Author(b"seed", "auto")
STAMP = Stamp("id", 0)
WORDS = st.sampled_from(["type", "name", "function", "custom", "properties", "object", "$ref", "input_text", "text"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 300) | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=10,
)
SCHEMA = st.fixed_dictionaries({"type": st.just("object")}, optional={"properties": ANYTHING, "required": ANYTHING})
TOOL = (
    st.fixed_dictionaries(
        {"type": st.just("function"), "name": st.just("f")}, optional={"parameters": SCHEMA, "strict": st.booleans()}
    )
    | st.just({"type": "custom", "name": "c"})
    | ANYTHING
)
PART = st.fixed_dictionaries({"type": st.sampled_from(["input_text", "output_text"]), "text": st.text(max_size=5)})
ITEM = (
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["user", "assistant", "system"]) | WORDS,
            "content": st.text(max_size=9) | st.lists(PART | ANYTHING, max_size=2),
        }
    )
    | st.just({"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"})
    | st.fixed_dictionaries(
        {"type": st.just("function_call_output"), "call_id": st.sampled_from("ab"), "output": ANYTHING}
    )
    | st.fixed_dictionaries(
        {"type": st.just("reasoning"), "summary": ANYTHING}, optional={"encrypted_content": st.text(), "id": WORDS}
    )
    | st.fixed_dictionaries({"type": st.sampled_from(["web_search_call", "item_reference"]), "id": WORDS})
    | ANYTHING
)
BODY = st.fixed_dictionaries(
    {"model": st.sampled_from(["m", "gpt-5.2"]), "input": st.text(max_size=9) | st.lists(ITEM, max_size=4)},
    optional={
        "stream": st.booleans(),
        "max_output_tokens": st.integers(16, 400),
        "tools": st.lists(TOOL, max_size=2),
        "tool_choice": st.sampled_from(["auto", "required", "none"]) | ANYTHING,
        "text": ANYTHING | st.builds(lambda schema: {"format": _format(schema)}, SCHEMA),
        "include": st.just(["reasoning.encrypted_content"]) | ANYTHING,
        "top_logprobs": st.integers(0, 2),
        "reasoning": st.just({"effort": "low", "summary": "auto"}) | ANYTHING,
        "previous_response_id": WORDS,
    },
)


def _format(schema: Any) -> dict[str, Any]:
    return {"type": "json_schema", "name": "n", "schema": schema}


@given(BODY)
def test_any_request_is_answered_or_refused_and_can_be_continued(body: dict[str, Any]) -> None:
    responses = Responses()
    with suppress(Refusal):
        ask = responses.read(msgspec.json.encode(body))
        answer = AUTHOR.answer(ask, NOTHING, sampler(20), reasons=body["model"] != "m", cached_tokens=0)
        assert len(list(responses.events(ask, answer, STAMP))) >= 3
        response = msgspec.json.decode(responses.answer(ask, answer, STAMP))
        outputs = [
            {"type": f"{item['type']}_output", "call_id": item["call_id"], "output": "done"}
            for item in response["output"]
            if "call_id" in item
        ]
        if response["status"] == "completed":
            next_turn = {"model": "m", "previous_response_id": response["id"], "input": outputs or "And then?"}
            if "tools" in body:
                next_turn["tools"] = body["tools"]
            assert responses.read(msgspec.json.encode(next_turn)).prompt_tokens > ask.prompt_tokens
