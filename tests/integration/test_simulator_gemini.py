"""The official Google client against a simulated provider that speaks Gemini."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import httpx2
import msgspec
import pytest
from google import genai
from google.genai import errors, types
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import BaseModel, Field

from stellwerk.simulator import PlannedFault, Scenario, SimulatedProvider, Simulator, running_beside

FLASH, PRO, THREE = "gemini-2.5-flash", "gemini-2.5-pro", "gemini-3-pro-preview"
QUESTION = "What is the weather in Vienna?"
PARAMETERS = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "unit": {"type": ["string", "null"], "enum": ["celsius", "fahrenheit", None]},
        "days": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 7}, "minItems": 1},
    },
    "required": ["city", "days"],
    "additionalProperties": False,
}
WEATHER = types.FunctionDeclaration(
    name="get_weather", description="The weather of a city", parameters_json_schema=PARAMETERS
)
CLOCK = types.FunctionDeclaration(name="get_time")
STATION = types.FunctionDeclaration(
    name="find_station",
    parameters=types.Schema(
        type=types.Type.OBJECT, properties={"name": types.Schema(type=types.Type.STRING)}, required=["name"]
    ),
)
PIXEL = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\x00IEND\xaeB`\x82"
)


@contextmanager
def _client(**fields: Any) -> Iterator[tuple[genai.Client, Simulator]]:
    spec = SimulatedProvider(name="google", dialect="gemini", keys=("key",), **fields)
    with running_beside(Scenario(seed=3, providers=(spec,))) as (simulator,):
        client = genai.Client(api_key="key", http_options=_options(simulator))
        try:
            yield client, simulator
        finally:
            client.close()


def _options(simulator: Simulator, **fields: Any) -> types.HttpOptions:
    return types.HttpOptions(base_url=simulator.base_url, timeout=20_000, **fields)


def _steered(steering: str) -> types.HttpOptions:
    return types.HttpOptions(headers={"x-simulate": steering})


def _config(steering: str = "", **fields: Any) -> types.GenerateContentConfig:
    if steering:
        fields["http_options"] = _steered(steering)
    return types.GenerateContentConfig(**fields)


def _tools(*declarations: types.FunctionDeclaration, **calling: Any) -> dict[str, Any]:
    config = types.FunctionCallingConfig(**calling)
    return {
        "tools": [types.Tool(function_declarations=list(declarations))],
        "tool_config": types.ToolConfig(function_calling_config=config) if calling else None,
        "automatic_function_calling": types.AutomaticFunctionCallingConfig(disable=True),
    }


def _candidate(answer: types.GenerateContentResponse) -> types.Candidate:
    assert answer.candidates is not None
    return answer.candidates[0]


def _parts(answer: types.GenerateContentResponse) -> list[types.Part]:
    content = _candidate(answer).content
    assert content is not None
    return content.parts or []


def _calls(answer: types.GenerateContentResponse) -> list[types.FunctionCall]:
    return answer.function_calls or []


def _usage(answer: types.GenerateContentResponse) -> types.GenerateContentResponseUsageMetadata:
    assert answer.usage_metadata is not None
    return answer.usage_metadata


# -- text


def test_a_plain_answer_has_text_and_usage() -> None:
    with _client() as (client, _):
        answer = client.models.generate_content(model="gemini-2.0-flash", contents=QUESTION)
    assert answer.text
    assert _candidate(answer).finish_reason == types.FinishReason.STOP
    assert (answer.model_version, bool(answer.response_id)) == ("gemini-2.0-flash", True)
    usage = _usage(answer)
    assert usage.prompt_token_count
    assert usage.candidates_token_count
    assert usage.total_token_count == usage.prompt_token_count + usage.candidates_token_count
    assert usage.thoughts_token_count is None


def test_a_stream_says_what_the_whole_answer_says() -> None:
    with _client() as (client, simulator):
        whole = client.models.generate_content(model=FLASH, contents=QUESTION)
        chunks = list(client.models.generate_content_stream(model=FLASH, contents=QUESTION))
        assert "".join(chunk.text or "" for chunk in chunks) == whole.text
        assert _usage(chunks[-1]) == _usage(whole)
        assert _candidate(chunks[-1]).finish_reason == types.FinishReason.STOP
        assert simulator.report()["last_requests"][-1]["is_stream"]


def test_the_async_client_gets_the_same_in_many_streams_at_once() -> None:
    async def read(client: genai.Client, number: int) -> str:
        stream = await client.aio.models.generate_content_stream(model=FLASH, contents=f"Question {number % 5}")
        return "".join([chunk.text or "" async for chunk in stream])

    async def read_all(client: genai.Client) -> list[str]:
        try:
            return await asyncio.gather(*[read(client, number) for number in range(40)])
        finally:
            await client.aio.aclose()

    with _client(first_token_ms=5, token_ms=1, answer_tokens=20) as (client, _):
        texts = asyncio.run(read_all(client))
    assert len(set(texts)) == 5


def test_a_stream_without_alt_sse_is_an_array() -> None:
    with _client() as (_, simulator):
        url = f"{simulator.base_url}/v1beta/models/{FLASH}:streamGenerateContent"
        body = {"contents": [{"parts": [{"text": "[[say=one two]]"}]}]}
        answer = httpx2.post(url, json=body, headers={"authorization": "Bearer key"})
        assert answer.headers["content-type"].startswith("application/json")
        texts = [
            part["text"] for element in answer.json() for part in element["candidates"][0]["content"].get("parts", [])
        ]
        assert texts == ["one", " two"]
        refused = httpx2.post(url, json=body, headers={"x-goog-api-key": "key", "x-simulate": "fault=503"})
        assert refused.json()[0]["error"]["status"] == "UNAVAILABLE"
        for after in (0, 1):
            steering = f"fault=error_in_stream; after_events={after}"
            broken = httpx2.post(url, json=body, headers={"x-goog-api-key": "key", "x-simulate": steering})
            assert broken.json()[after]["error"]["code"] == 500


@pytest.mark.parametrize("prefix", ["/v1", "/v1beta", "/v1beta1/projects/p/locations/l/publishers/google"])
def test_the_same_is_served_under_every_version(prefix: str) -> None:
    with _client() as (_, simulator):
        url = f"{simulator.base_url}{prefix}/models/{FLASH}:generateContent"
        body = {"contents": [{"parts": [{"text": "Hi"}]}]}
        assert httpx2.post(url, json=body, headers={"x-goog-api-key": "key"}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/v1beta/models/{FLASH}:generateContent", 405),
        ("POST", "/v1beta/models", 405),
        ("POST", f"/v1beta/models/{FLASH}:predict", 404),
        ("GET", "/v2/models", 404),
    ],
)
def test_wrong_paths_and_methods_are_refused(method: str, path: str, status: int) -> None:
    with _client() as (_, simulator):
        answer = httpx2.request(method, simulator.base_url + path, headers={"x-goog-api-key": "key"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, status)


def test_an_array_can_hold_what_it_must_not() -> None:
    with _client() as (_, simulator):
        url = f"{simulator.base_url}/v1beta/models/{FLASH}:streamGenerateContent"
        headers = {"x-goog-api-key": "key", "x-simulate": "fault=malformed; shape=wrong_shape; after_events=0"}
        answer = httpx2.post(url, json={"contents": [{"parts": [{"text": "Hi"}]}]}, headers=headers)
    assert answer.json()[0] == {"status": "ok", "result": [1, 2, 3]}


def test_several_candidates_come_side_by_side() -> None:
    with _client() as (client, _):
        whole = client.models.generate_content(model=FLASH, contents=QUESTION, config=_config(candidate_count=2))
        texts = ["", ""]
        for chunk in client.models.generate_content_stream(
            model=FLASH, contents=QUESTION, config=_config(candidate_count=2)
        ):
            for candidate in chunk.candidates or []:
                for part in (candidate.content and candidate.content.parts) or []:
                    texts[candidate.index or 0] += part.text or ""
    assert whole.candidates is not None
    assert [candidate.content.parts[0].text for candidate in whole.candidates] == texts  # type: ignore[union-attr, index]
    assert texts[0] != texts[1]


# -- why answers end


def test_answers_end_where_they_are_told_to() -> None:
    with _client() as (client, _):
        cut = client.models.generate_content(
            model="gemini-2.0-flash", contents=QUESTION, config=_config(max_output_tokens=5)
        )
        assert _candidate(cut).finish_reason == types.FinishReason.MAX_TOKENS
        assert _usage(cut).candidates_token_count == 5
        stopped = client.models.generate_content(
            model=FLASH, contents="[[say=one two three]]", config=_config(stop_sequences=[" two"])
        )
        assert (stopped.text, _candidate(stopped).finish_reason) == ("one", types.FinishReason.STOP)
        unsafe = client.models.generate_content(model=FLASH, contents=QUESTION, config=_config("finish=content_filter"))
        assert _candidate(unsafe).finish_reason == types.FinishReason.SAFETY


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_prompt_can_be_blocked(is_stream: bool) -> None:
    with _client() as (client, _):
        if is_stream:
            (answer,) = client.models.generate_content_stream(model=FLASH, contents=QUESTION, config=_config("refusal"))
        else:
            answer = client.models.generate_content(model=FLASH, contents=QUESTION, config=_config("refusal"))
    assert answer.candidates is None
    assert answer.prompt_feedback is not None
    assert answer.prompt_feedback.block_reason == types.BlockedReason.PROHIBITED_CONTENT


# -- functions


def test_a_function_is_called_and_its_result_used() -> None:
    with _client() as (client, _):
        config = _config(**_tools(WEATHER))
        first = client.models.generate_content(model=FLASH, contents=QUESTION, config=config)
        (call,) = _calls(first)
        Draft202012Validator(PARAMETERS).validate(call.args)
        history: list[Any] = [
            types.UserContent(QUESTION),
            _candidate(first).content,
            types.UserContent(types.Part.from_function_response(name="get_weather", response={"result": "18 degrees"})),
        ]
        second = client.models.generate_content(model=FLASH, contents=history, config=config)
    assert "18 degrees" in (second.text or "")


def test_parallel_calls_and_calls_without_arguments_are_streamed_whole() -> None:
    with _client() as (client, _):
        config = _config("call=get_weather,get_time,find_station", **_tools(WEATHER, CLOCK, STATION))
        chunks = list(client.models.generate_content_stream(model=FLASH, contents=QUESTION, config=config))
        calls = [call for chunk in chunks for call in _calls(chunk)]
    assert [call.name for call in calls] == ["get_weather", "get_time", "find_station"]
    assert calls[1].args == {}
    assert set(calls[2].args or {}) == {"name"}


@pytest.mark.parametrize(
    ("calling", "names"),
    [
        ({"mode": "NONE"}, set()),
        ({"mode": "AUTO"}, {"get_weather", "get_time"}),
        ({"mode": "ANY"}, {"get_weather", "get_time"}),
        ({"mode": "ANY", "allowed_function_names": ["get_time"]}, {"get_time"}),
    ],
)
def test_the_choice_of_functions_is_obeyed(calling: dict[str, Any], names: set[str]) -> None:
    with _client() as (client, _):
        config = _config(**_tools(WEATHER, CLOCK, **calling))
        called = _calls(client.models.generate_content(model=FLASH, contents=QUESTION, config=config))
    assert {call.name for call in called} <= names
    assert bool(called) == bool(names)


def test_a_call_that_is_cut_off_does_not_come() -> None:
    with _client() as (client, _):
        config = _config("call=get_weather", max_output_tokens=10, **_tools(WEATHER))
        answer = client.models.generate_content(model="gemini-2.0-flash", contents=QUESTION, config=config)
    assert _calls(answer) == []
    assert _candidate(answer).finish_reason == types.FinishReason.MAX_TOKENS


# -- thoughts


def test_thoughts_are_shown_and_counted() -> None:
    thinking = types.ThinkingConfig(include_thoughts=True, thinking_budget=100)
    with _client() as (client, _):
        answer = client.models.generate_content(
            model=FLASH, contents=QUESTION, config=_config(thinking_config=thinking)
        )
        silent = client.models.generate_content(
            model=FLASH, contents=QUESTION, config=_config(thinking_config=types.ThinkingConfig(thinking_budget=0))
        )
    thought, text = _parts(answer)
    assert (thought.thought, text.thought) == (True, None)
    assert 0 < (_usage(answer).thoughts_token_count or 0) <= 100
    assert _usage(silent).thoughts_token_count is None


def _second_turn(client: genai.Client, content: types.Content | None, config: types.GenerateContentConfig) -> str:
    assert content is not None
    results = [
        types.Part(function_response=types.FunctionResponse(id=call.id, name=call.name, response={"result": "ok"}))
        for call in [part.function_call for part in content.parts or []]
        if call is not None
    ]
    history: list[Any] = [types.UserContent(QUESTION), content, types.Content(role="user", parts=results)]
    return client.models.generate_content(model=THREE, contents=history, config=config).text or ""


def test_a_second_turn_carries_the_signature_of_the_first() -> None:
    with _client() as (client, _):
        steered, config = _config("calls=2", **_tools(WEATHER, CLOCK)), _config(**_tools(WEATHER, CLOCK))
        first = client.models.generate_content(model=THREE, contents=QUESTION, config=steered)
        signed, bare = _parts(first)
        assert signed.thought_signature
        assert bare.thought_signature is None
        assert _second_turn(client, _candidate(first).content, config)
        signature = signed.thought_signature
        for changed, reason in ((None, "missing a thought_signature"), (signature[:-1] + b"x", "Corrupted")):
            signed.thought_signature = changed
            with pytest.raises(errors.ClientError, match=reason):
                _second_turn(client, _candidate(first).content, config)
        signed.thought_signature = b"skip_thought_signature_validator"
        assert _second_turn(client, _candidate(first).content, config)


# -- structure, media, counts


class Step(BaseModel):
    """A part of a plan."""

    title: str
    minutes: int = Field(ge=1, le=90)
    kind: Literal["walk", "train"]


class Plan(BaseModel):
    """An answer with a shape."""

    steps: list[Step] = Field(min_length=1)
    note: str | None


def test_an_answer_with_a_schema_is_parsed_into_pydantic() -> None:
    with _client() as (client, _):
        answer = client.models.generate_content(
            model=FLASH,
            contents=QUESTION,
            config=_config(response_mime_type="application/json", response_json_schema=Plan.model_json_schema()),
        )
        Plan.model_validate_json(answer.text or "")
        schema = types.Schema(
            type=types.Type.OBJECT,
            properties={"kind": types.Schema(type=types.Type.STRING, enum=["walk", "train"])},
            required=["kind"],
        )
        answer = client.models.generate_content(
            model=FLASH,
            contents=QUESTION,
            config=_config(response_mime_type="application/json", response_schema=schema),
        )
        assert msgspec.json.decode(answer.text or "")["kind"] in {"walk", "train"}
        words = types.Schema(type=types.Type.STRING, enum=["walk", "train"])
        answer = client.models.generate_content(
            model=FLASH, contents=QUESTION, config=_config(response_mime_type="text/x.enum", response_schema=words)
        )
        assert answer.text in {"walk", "train"}


def test_images_are_accepted_and_counted() -> None:
    contents: list[Any] = ["What is this?", types.Part.from_bytes(data=PIXEL, mime_type="image/png")]
    with _client() as (client, _):
        details = _usage(client.models.generate_content(model=FLASH, contents=contents)).prompt_tokens_details
        counted = client.models.count_tokens(model=FLASH, contents=contents)
    assert details is not None
    assert {detail.modality: detail.token_count for detail in details}[types.MediaModality.IMAGE] == 258
    assert counted.total_tokens == 262


def test_what_came_before_is_cached() -> None:
    long = "A long question about trains. " * 400
    with _client(prompt_cache=True) as (client, _):
        first, second = (_usage(client.models.generate_content(model=FLASH, contents=long)) for _ in range(2))
    assert first.cached_content_token_count is None
    assert 1_024 < (second.cached_content_token_count or 0) <= (second.prompt_token_count or 0)


def test_embeddings_and_models_are_served() -> None:
    with _client(models=(FLASH, "gemini-embedding-001")) as (client, _):
        vectors = client.models.embed_content(
            model="gemini-embedding-001",
            contents=["one", "two"],
            config=types.EmbedContentConfig(output_dimensionality=16),
        )
        assert [len(vector.values or ()) for vector in vectors.embeddings or ()] == [16, 16]
        assert [model.name for model in client.models.list()] == [f"models/{FLASH}", "models/gemini-embedding-001"]
        assert client.models.get(model=FLASH).name == f"models/{FLASH}"


# -- what goes wrong


@pytest.mark.parametrize(
    ("fault", "error", "status"),
    [
        ("fault=400", errors.ClientError, "INVALID_ARGUMENT"),
        ("fault=403", errors.ClientError, "PERMISSION_DENIED"),
        ("fault=404", errors.ClientError, "NOT_FOUND"),
        ("fault=429", errors.ClientError, "RESOURCE_EXHAUSTED"),
        ("fault=500", errors.ServerError, "INTERNAL"),
        ("fault=503", errors.ServerError, "UNAVAILABLE"),
        ("fault=504", errors.ServerError, "DEADLINE_EXCEEDED"),
    ],
)
def test_faults_become_the_clients_own_exceptions(fault: str, error: type[errors.APIError], status: str) -> None:
    with _client() as (client, _):
        for ask in (client.models.generate_content, client.models.generate_content_stream):
            with pytest.raises(error) as caught:
                list(ask(model=FLASH, contents=QUESTION, config=_config(fault)))
            assert caught.value.status == status


def test_a_limit_says_in_its_details_when_to_come_again() -> None:
    with _client(rpm=1) as (client, _):
        client.models.generate_content(model=FLASH, contents=QUESTION)
        with pytest.raises(errors.ClientError) as caught:
            client.models.generate_content(model=FLASH, contents=QUESTION)
    details = {detail["@type"].rpartition(".")[2]: detail for detail in caught.value.details["error"]["details"]}
    assert 58 < float(details["RetryInfo"]["retryDelay"].removesuffix("s")) <= 60


@pytest.mark.parametrize(
    ("how", "code", "reason"),
    [
        ("key", 400, "API key not valid"),
        ("model", 404, "does not exist"),
        ("context", 400, "maximum context length"),
        ("schema", 400, 'Unknown name "additional_properties"'),
        ("temperature", 400, "range"),
    ],
)
def test_refusals_become_the_clients_own_exceptions(how: str, code: int, reason: str) -> None:
    schema = types.Schema(type=types.Type.OBJECT, additional_properties=False)
    config = {
        "context": _config(max_output_tokens=128_000),
        "schema": _config(**_tools(types.FunctionDeclaration(name="f", parameters=schema))),
        "temperature": _config(temperature=7),
    }.get(how)
    with _client(models=(FLASH,)) as (client, simulator):
        other = genai.Client(api_key="wrong", http_options=_options(simulator))
        asked, model = other if how == "key" else client, "gemini-9" if how == "model" else FLASH
        with pytest.raises(errors.ClientError, match=reason) as caught:
            asked.models.generate_content(model=model, contents=QUESTION, config=config)
        other.close()
    assert caught.value.code == code


def test_a_caller_without_a_key_is_refused() -> None:
    with _client() as (_, simulator):
        answer = httpx2.get(f"{simulator.base_url}/v1beta/models")
    assert (answer.status_code, answer.json()["error"]["status"]) == (403, "PERMISSION_DENIED")


def test_a_client_that_tries_again_gets_its_answer() -> None:
    with _client(faults=(PlannedFault(kind=503, requests=(1, 2)),)) as (_, simulator):
        retries = types.HttpRetryOptions(attempts=3, initial_delay=0.01, max_delay=0.02)
        client = genai.Client(api_key="key", http_options=_options(simulator, retry_options=retries))
        assert client.models.generate_content(model=FLASH, contents=QUESTION).text
        client.close()
        assert simulator.report()["by_status"] == {"503": 2, "200": 1}


@pytest.mark.parametrize("steering", ["fault=cut", "fault=cut; reset", "fault=error_in_stream", "fault=malformed"])
def test_a_stream_that_breaks_is_an_error_for_the_client(steering: str) -> None:
    with _client() as (client, _), pytest.raises(Exception) as caught:  # noqa: PT011 (each layer has its own)
        list(client.models.generate_content_stream(model=FLASH, contents=QUESTION, config=_config(steering)))
    assert not isinstance(caught.value, AssertionError)


def test_a_stream_can_lack_its_end() -> None:
    with _client() as (client, _):
        chunks = list(
            client.models.generate_content_stream(model=FLASH, contents=QUESTION, config=_config("fault=no_done"))
        )
    assert chunks
    assert all(_candidate(chunk).finish_reason is None for chunk in chunks)


def test_a_cancelled_stream_is_seen() -> None:
    with _client(token_ms=20, answer_tokens=5_000) as (client, simulator):
        stream = client.models.generate_content_stream(model=FLASH, contents=QUESTION)
        next(stream)
        stream.close()  # type: ignore[attr-defined]
        deadline = time.monotonic() + 10
        while not simulator.report()["aborted"]:
            assert time.monotonic() < deadline, "the cancellation was not seen in time"
