"""The official AWS client against a simulated provider that speaks Bedrock Converse."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import boto3  # type: ignore[import-untyped]
import httpx2
import msgspec
import pytest
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import ClientError, EventStreamError  # type: ignore[import-untyped]
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from stellwerk.simulator import PlannedFault, Scenario, SimulatedProvider, Simulator, running_beside

CLAUDE, NOVA = "anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-pro-v1:0"
PROFILE = "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
PARAMETERS = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        "days": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 7}, "minItems": 1},
    },
    "required": ["city", "unit"],
    "additionalProperties": False,
}
WEATHER = {"toolSpec": {"name": "get_weather", "description": "Weather", "inputSchema": {"json": PARAMETERS}}}
CLOCK = {"toolSpec": {"name": "get_time", "inputSchema": {"json": {"type": "object", "properties": {}}}}}
TOOLS = {"tools": [WEATHER, CLOCK]}
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1_024}}
GUARD = {"guardrailIdentifier": "g1", "guardrailVersion": "1", "trace": "enabled"}
LONG = "A long story about trains. " * 500


@contextmanager
def _client(secret: str = "secret", *, attempts: int = 1, **fields: Any) -> Iterator[tuple[Any, Simulator]]:
    spec = SimulatedProvider(name="aws", dialect="bedrock", keys=("AKIDEXAMPLE:secret", "bearer-key"), **fields)
    with running_beside(Scenario(seed=3, providers=(spec,))) as (simulator,):
        client = boto3.client(
            "bedrock-runtime",
            region_name="eu-central-1",
            endpoint_url=simulator.base_url,
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": attempts, "mode": "standard"}, read_timeout=20),
        )
        try:
            yield client, simulator
        finally:
            client.close()


def _says(text: str, *blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": text}, *blocks]}


QUESTION = [_says("What is the weather in Vienna?")]


def _text(answer: dict[str, Any]) -> str:
    text: str = answer["output"]["message"]["content"][-1]["text"]
    return text


def _streamed(client: Any, **fields: Any) -> list[dict[str, Any]]:
    with closing(client.converse_stream(**fields)["stream"]) as stream:
        return list(stream)


# -- text


@pytest.mark.parametrize("model", [CLAUDE, NOVA, PROFILE])
def test_a_plain_answer_has_text_usage_and_latency(model: str) -> None:
    with _client() as (client, simulator):
        answer = client.converse(modelId=model, messages=QUESTION)
        assert simulator.report()["last_requests"][-1]["model"] == model
    assert _text(answer)
    assert (answer["stopReason"], answer["output"]["message"]["role"]) == ("end_turn", "assistant")
    usage = answer["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    assert answer["metrics"]["latencyMs"] >= 0
    assert answer["ResponseMetadata"]["RequestId"]


def test_a_stream_says_what_the_whole_answer_says() -> None:
    with _client() as (client, simulator):
        whole = client.converse(modelId=CLAUDE, messages=QUESTION)
        events = _streamed(client, modelId=CLAUDE, messages=QUESTION)
        assert simulator.report()["last_requests"][-1]["is_stream"]
    assert events[0] == {"messageStart": {"role": "assistant"}}
    texts = [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event]
    assert "".join(texts) == _text(whole)
    assert [next(iter(event)) for event in events[-3:]] == ["contentBlockStop", "messageStop", "metadata"]
    assert events[-2]["messageStop"]["stopReason"] == "end_turn"
    assert events[-1]["metadata"]["usage"] == whole["usage"]


def test_answers_end_where_they_are_told_to() -> None:
    with _client() as (client, _):
        cut = client.converse(modelId=CLAUDE, messages=QUESTION, inferenceConfig={"maxTokens": 5})
        stopped = client.converse(
            modelId=CLAUDE,
            messages=[_says("[[say=one two three]]")],
            inferenceConfig={"stopSequences": [" two"]},
            additionalModelResponseFieldPaths=["/stop_sequence"],
        )
    assert (cut["stopReason"], cut["usage"]["outputTokens"]) == ("max_tokens", 5)
    assert (stopped["stopReason"], _text(stopped)) == ("stop_sequence", "one")
    assert stopped["additionalModelResponseFields"] == {"stop_sequence": " two"}


# -- tools


def test_tools_are_called_at_once_and_their_results_used() -> None:
    messages = [_says("What is the weather? [[calls=2]]")]
    with _client() as (client, _):
        first = client.converse(modelId=CLAUDE, messages=messages, toolConfig=TOOLS)
        message = first["output"]["message"]
        uses = [block["toolUse"] for block in message["content"]]
        results = [{"toolResult": {"toolUseId": use["toolUseId"], "content": [{"text": "18 degrees"}]}} for use in uses]
        turn = {"role": "user", "content": results}
        second = client.converse(modelId=CLAUDE, messages=[*QUESTION, message, turn], toolConfig=TOOLS)
        apart = [*QUESTION, message, {"role": "user", "content": results[:1]}]
        for wrong in (apart, [*apart, {"role": "user", "content": results[1:]}]):
            with pytest.raises(client.exceptions.ValidationException):
                client.converse(modelId=CLAUDE, messages=wrong, toolConfig=TOOLS)
        with pytest.raises(client.exceptions.ValidationException, match="toolConfig field must be defined"):
            client.converse(modelId=CLAUDE, messages=[*QUESTION, message, turn])
    assert first["stopReason"] == "tool_use"
    assert {use["name"] for use in uses} == {"get_weather", "get_time"}
    Draft202012Validator(PARAMETERS).validate(next(use["input"] for use in uses if use["name"] == "get_weather"))
    assert "18 degrees" in _text(second)


def test_calls_are_streamed_in_fragments() -> None:
    with _client() as (client, _):
        messages = [_says("[[call=get_weather%2Cget_time]]")]
        events = _streamed(client, modelId=CLAUDE, messages=messages, toolConfig=TOOLS)
    starts = [event["contentBlockStart"] for event in events if "contentBlockStart" in event]
    assert [(start["contentBlockIndex"], start["start"]["toolUse"]["name"]) for start in starts] == [
        (0, "get_weather"),
        (1, "get_time"),
    ]
    inputs = ["", ""]
    for event in events:
        if "contentBlockDelta" in event:
            delta = event["contentBlockDelta"]
            inputs[delta["contentBlockIndex"]] += delta["delta"]["toolUse"]["input"]
    Draft202012Validator(PARAMETERS).validate(msgspec.json.decode(inputs[0]))
    assert inputs[1] == "{}"


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ({"auto": {}}, {"get_weather", "get_time"}),
        ({"any": {}}, {"get_weather", "get_time"}),
        ({"tool": {"name": "get_time"}}, {"get_time"}),
    ],
)
def test_the_choice_of_tools_is_obeyed(choice: dict[str, Any], names: set[str]) -> None:
    with _client() as (client, _):
        answer = client.converse(modelId=NOVA, messages=QUESTION, toolConfig=TOOLS | {"toolChoice": choice})
    assert answer["stopReason"] == "tool_use"
    assert {block["toolUse"]["name"] for block in answer["output"]["message"]["content"]} <= names


def test_a_call_that_is_cut_off_ends_with_max_tokens() -> None:
    fields: dict[str, Any] = {
        "messages": [_says("[[call=get_weather]]")],
        "toolConfig": TOOLS,
        "inferenceConfig": {"maxTokens": 12},
    }
    with _client() as (client, _):
        whole = client.converse(modelId=CLAUDE, **fields)
        events = _streamed(client, modelId=CLAUDE, **fields)
    assert (whole["stopReason"], whole["output"]["message"]["content"][0]["toolUse"]["input"]) == ("max_tokens", {})
    assert events[-2]["messageStop"]["stopReason"] == "max_tokens"


# -- thoughts


def test_thoughts_come_signed_and_go_back_unchanged() -> None:
    fields: dict[str, Any] = {"modelId": CLAUDE, "toolConfig": TOOLS, "additionalModelRequestFields": THINKING}
    with _client() as (client, _):
        first = client.converse(messages=[_says("[[call=get_time]]")], **fields)
        message = first["output"]["message"]
        thought, call = message["content"]
        result = {"toolResult": {"toolUseId": call["toolUse"]["toolUseId"], "content": [{"json": {"time": "noon"}}]}}
        turn = {"role": "user", "content": [result]}
        assert _text(client.converse(messages=[*QUESTION, message, turn], **fields))
        told = thought["reasoningContent"]["reasoningText"]
        changed = {"reasoningContent": {"reasoningText": told | {"text": told["text"] + " "}}}
        for blocks, reason in (([changed, call], "Invalid `signature`"), ([call], "Expected `thinking`")):
            with pytest.raises(client.exceptions.ValidationException, match=reason):
                client.converse(messages=[*QUESTION, {"role": "assistant", "content": blocks}, turn], **fields)


def test_thoughts_are_streamed_with_their_signature_behind_them() -> None:
    with _client() as (client, _):
        whole = client.converse(modelId=CLAUDE, messages=QUESTION, additionalModelRequestFields=THINKING)
        events = _streamed(client, modelId=CLAUDE, messages=QUESTION, additionalModelRequestFields=THINKING)
    told = whole["output"]["message"]["content"][0]["reasoningContent"]["reasoningText"]
    deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    thoughts = [delta["reasoningContent"] for delta in deltas if "reasoningContent" in delta]
    assert "".join(thought.get("text", "") for thought in thoughts) == told["text"]
    assert thoughts[-1] == {"signature": told["signature"]}


# -- structure, media, caches, guardrails


def test_an_answer_with_a_schema_conforms_to_it() -> None:
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    json_schema = {"name": "n", "schema": msgspec.json.encode(schema).decode()}
    wanted = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": json_schema}}}
    with _client() as (client, _):
        answer = client.converse(modelId=CLAUDE, messages=QUESTION, outputConfig=wanted)
    Draft202012Validator(schema).validate(msgspec.json.decode(_text(answer)))


def test_images_and_documents_are_accepted_and_counted() -> None:
    image = {"image": {"format": "png", "source": {"bytes": b"\x89PNG\r\n\x1a\n"}}}
    document = {"document": {"format": "txt", "name": "report 1", "source": {"bytes": b"x" * 4_000}}}
    with _client() as (client, _):
        answer = client.converse(modelId=CLAUDE, messages=[_says("What is this?", image, document)])
        assert answer["usage"]["inputTokens"] == 4 + 4 + 1_500 + 1_000
        with pytest.raises(client.exceptions.ValidationException, match="not unique"):
            client.converse(modelId=CLAUDE, messages=[_says("What is this?", document, document)])


def test_a_marked_beginning_is_written_to_the_cache_and_then_read() -> None:
    system = [{"text": LONG}, {"cachePoint": {"type": "default"}}]
    with _client(prompt_cache=True) as (client, _):
        first, second = (
            client.converse(modelId=CLAUDE, system=system, messages=[_says(text)])["usage"] for text in ("One?", "Two?")
        )
        without = client.converse(modelId=CLAUDE, system=system[:1], messages=[_says("One?")])["usage"]
    written = first["cacheWriteInputTokens"]
    assert written > 1_024
    assert (first["cacheReadInputTokens"], second["cacheReadInputTokens"], second["cacheWriteInputTokens"]) == (
        0,
        written,
        0,
    )
    assert first["inputTokens"] == second["inputTokens"] == 6
    assert without["inputTokens"] == written + 6


def test_a_guardrail_intervenes_when_it_is_told_to() -> None:
    with _client() as (client, _):
        answer = client.converse(modelId=CLAUDE, messages=[_says("[[finish=content_filter]]")], guardrailConfig=GUARD)
        events = _streamed(
            client,
            modelId=CLAUDE,
            messages=[_says("[[finish=content_filter]]")],
            guardrailConfig=GUARD | {"streamProcessingMode": "sync"},
        )
    assert answer["stopReason"] == events[-2]["messageStop"]["stopReason"] == "guardrail_intervened"
    assert answer["trace"] == events[-1]["metadata"]["trace"]


def test_tokens_are_counted() -> None:
    with _client() as (client, _):
        counted = client.count_tokens(modelId=CLAUDE, input={"converse": {"messages": QUESTION}})["inputTokens"]
        assert counted == client.converse(modelId=CLAUDE, messages=QUESTION)["usage"]["inputTokens"]


# -- who is let in


def test_bearer_keys_are_taken_as_well() -> None:
    with _client() as (_, simulator):
        url, body = f"{simulator.base_url}/model/{NOVA}/converse", {"messages": QUESTION}
        assert httpx2.post(url, json=body, headers={"authorization": "Bearer bearer-key"}).status_code == 200
        for headers, kind in (
            ({"authorization": "Bearer secret"}, "AccessDeniedException"),
            ({"authorization": "Bearer AKIDEXAMPLE:secre"}, "AccessDeniedException"),
            ({}, "MissingAuthenticationTokenException"),
        ):
            answer = httpx2.post(url, json=body, headers=headers)
            assert (answer.status_code, answer.headers["x-amzn-errortype"].partition(":")[0]) == (403, kind)


def test_a_signature_with_another_secret_is_refused() -> None:
    with _client("wrong") as (client, _), pytest.raises(ClientError) as caught:
        client.converse(modelId=CLAUDE, messages=QUESTION)
    assert caught.value.response["Error"]["Code"] == "InvalidSignatureException"


def test_models_are_listed() -> None:
    with _client(models=(NOVA,)) as (client, simulator):
        headers = {"authorization": "Bearer bearer-key"}
        listed = httpx2.get(f"{simulator.base_url}/foundation-models", headers=headers).json()
        assert [model["modelId"] for model in listed["modelSummaries"]] == [NOVA]
        one = httpx2.get(f"{simulator.base_url}/foundation-models/{NOVA}", headers=headers).json()
        assert one["modelDetails"]["modelId"] == NOVA
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.converse(modelId=CLAUDE, messages=QUESTION)


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", f"/model/{NOVA}/converse", 405, "UnknownOperationException"),
        ("POST", f"/model/{NOVA}/invoke", 404, "UnknownOperationException"),
        ("POST", "/model/a%20b/converse", 400, "ValidationException"),
    ],
)
def test_wrong_paths_and_methods_are_refused(method: str, path: str, status: int, kind: str) -> None:
    with _client() as (_, simulator):
        answer = httpx2.request(method, simulator.base_url + path, headers={"authorization": "Bearer bearer-key"})
    assert (answer.status_code, answer.headers["x-amzn-errortype"].partition(":")[0]) == (status, kind)


# -- what goes wrong


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("fault=400", "ValidationException"),
        ("fault=403", "AccessDeniedException"),
        ("fault=404", "ResourceNotFoundException"),
        ("fault=408", "ModelTimeoutException"),
        ("fault=424", "ModelErrorException"),
        ("fault=429", "ThrottlingException"),
        ("fault=429; code=ModelNotReadyException", "ModelNotReadyException"),
        ("fault=500", "InternalServerException"),
        ("fault=503", "ServiceUnavailableException"),
    ],
)
def test_faults_become_the_clients_own_exceptions(fault: str, kind: str) -> None:
    with _client() as (client, _):
        for ask in (client.converse, client.converse_stream):
            with pytest.raises(getattr(client.exceptions, kind)) as caught:
                ask(modelId=CLAUDE, messages=[_says(f"Hi [[{fault}]]")])
            assert caught.value.response["Error"]["Code"] == kind


@pytest.mark.parametrize(
    "kind", ["throttlingException", "modelStreamErrorException", "internalServerException", "validationException"]
)
def test_exceptions_come_as_frames_in_the_middle_of_a_stream(kind: str) -> None:
    with _client() as (client, _):
        messages = [_says(f"Hi [[fault=error_in_stream; code={kind}; message=So it goes.]]")]
        with pytest.raises(EventStreamError) as caught:
            _streamed(client, modelId=CLAUDE, messages=messages)
    assert caught.value.response["Error"] == {"Code": kind, "Message": "So it goes."}


def test_limits_are_kept_and_a_client_that_tries_again_gets_its_answer() -> None:
    with _client(rpm=1) as (client, _):
        client.converse(modelId=CLAUDE, messages=QUESTION)
        with pytest.raises(client.exceptions.ThrottlingException):
            client.converse(modelId=CLAUDE, messages=QUESTION)
    with _client(attempts=3, faults=(PlannedFault(kind=503, requests=(1, 1)),)) as (client, simulator):
        assert _text(client.converse(modelId=CLAUDE, messages=QUESTION))
        assert simulator.report()["by_status"] == {"503": 1, "200": 1}


@pytest.mark.parametrize("fault", ["cut", "cut; reset", "malformed", "malformed; shape=html"])
def test_a_stream_that_breaks_is_an_error_for_the_client(fault: str) -> None:
    with _client() as (client, _), pytest.raises(Exception) as caught:  # noqa: PT011 (each layer has its own)
        _streamed(client, modelId=CLAUDE, messages=[_says(f"Hi [[fault={fault}]]")])
    assert not isinstance(caught.value, AssertionError)


def test_a_stream_can_lack_its_metadata() -> None:
    with _client() as (client, _):
        events = _streamed(client, modelId=CLAUDE, messages=[_says("Hi [[fault=no_done]]")])
    assert "messageStop" in events[-1]


def test_a_cancelled_stream_is_seen() -> None:
    with _client(token_ms=20, answer_tokens=5_000) as (client, simulator):
        stream = client.converse_stream(modelId=CLAUDE, messages=QUESTION)["stream"]
        next(iter(stream))
        stream.close()
        deadline = time.monotonic() + 10
        while not simulator.report()["aborted"]:
            assert time.monotonic() < deadline, "the cancellation was not seen in time"


def test_a_stream_can_hold_what_the_service_does_not_know() -> None:
    with _client() as (client, _):
        events = _streamed(client, modelId=CLAUDE, messages=[_says("Hi [[fault=malformed; shape=wrong_shape]]")])
    assert events[3] == {"contentBlockDelta": {}}
    assert "metadata" in events[-1]
