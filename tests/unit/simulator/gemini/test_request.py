"""What requests for content, counts and embeddings ask, and what is refused."""

from typing import Any

import msgspec
import pytest

from stellwerk.simulator.ask import ANY_OBJECT, Ask
from stellwerk.simulator.gemini.request import read_count, read_embed, read_generate
from stellwerk.simulator.refusal import Refusal

USER = {"role": "user", "parts": [{"text": "Hello there"}]}
STRING = {"type": "STRING"}
WEATHER = {"name": "get_weather", "description": "d", "parameters": {"type": "OBJECT", "properties": {"city": STRING}}}
CLOCK = {"name": "clock"}
FULL = {"name": "full", "parametersJsonSchema": {"type": "object", "$defs": {}, "additionalProperties": False}}
TOOLS = [{"functionDeclarations": [WEATHER, CLOCK]}, {"functionDeclarations": [FULL]}]


def _read(model: str = "gemini-2.5-flash", **fields: Any) -> Ask:
    return read_generate(msgspec.json.encode({"contents": [USER], **fields}), model, is_stream=False)


def _configured(model: str = "gemini-2.5-flash", **config: Any) -> Ask:
    return _read(model, generationConfig=config)


def test_a_plain_request_is_read() -> None:
    ask = _read()
    assert (ask.model, ask.is_stream, ask.text, ask.choices) == ("gemini-2.5-flash", False, "Hello there", 1)
    assert (ask.prompt_tokens, ask.shows_thoughts, ask.tools, ask.output) == (2, False, (), None)


def test_everything_that_shapes_the_answer_is_read() -> None:
    ask = _configured(
        "gemini-3-pro",
        maxOutputTokens=9,
        candidateCount=2,
        stopSequences=["x"],
        responseLogprobs=True,
        logprobs=3,
        thinkingConfig={"thinkingLevel": "low", "includeThoughts": True},
    )
    assert (ask.max_tokens, ask.choices, ask.stop, ask.logprobs) == (9, 2, ("x",), 3)
    assert (ask.effort, ask.most_thoughts, ask.shows_thoughts) == ("low", None, True)
    assert _configured(thinkingConfig={"thinkingBudget": 50}).most_thoughts == 50
    assert _configured(thinkingConfig={"thinkingBudget": -1}).most_thoughts is None
    assert _configured(thinkingConfig={"thinkingBudget": 0}).effort == "none"


def test_what_does_not_change_the_answer_does_not_change_its_content() -> None:
    assert _configured(maxOutputTokens=5, thinkingConfig={"includeThoughts": True}).content == _configured().content
    assert _configured(seed=5).content != _configured().content


def test_images_sounds_and_files_count_by_modality() -> None:
    parts = [
        {"text": "What is this?"},
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
        {"inlineData": {"mimeType": "audio/wav", "data": "A" * 4_000}},
        {"inlineData": {"mimeType": "application/pdf", "data": "A" * 1_600}},
        {"fileData": {"mimeType": "image/png", "fileUri": "gs://a/b"}},
    ]
    ask = _read(contents=[{"role": "user", "parts": parts}])
    assert (ask.image_tokens, ask.audio_tokens) == (516, 2)
    assert ask.prompt_tokens == 4 + 258 + 2 + 300 + 258


def test_the_system_instruction_and_the_tools_count() -> None:
    assert _read(systemInstruction={"parts": [{"text": "Be kind"}]}).prompt_tokens == 4
    assert _read(tools=TOOLS).prompt_tokens > 40


@pytest.mark.parametrize(
    ("calling", "names", "must_call"),
    [
        ({}, ["get_weather", "clock", "full"], False),
        ({"mode": "AUTO"}, ["get_weather", "clock", "full"], False),
        ({"mode": "NONE"}, [], False),
        ({"mode": "ANY"}, ["get_weather", "clock", "full"], True),
        ({"mode": "ANY", "allowedFunctionNames": ["clock"]}, ["clock"], True),
        ({"mode": "VALIDATED", "allowedFunctionNames": ["clock"]}, ["clock"], False),
    ],
)
def test_the_choice_of_functions_is_read(calling: Any, names: list[str], must_call: bool) -> None:
    ask = _read(tools=TOOLS, toolConfig={"functionCallingConfig": calling})
    assert ([tool.name for tool in ask.tools], ask.must_call) == (names, must_call)


def test_functions_have_schemas_of_either_kind_or_none() -> None:
    weather, clock, full = _read(tools=TOOLS).tools
    assert weather.parameters == {"type": "object", "properties": {"city": {"type": "string"}}}
    assert clock.parameters == {"type": "object", "properties": {}}
    assert full.parameters == FULL["parametersJsonSchema"]


def test_answers_have_schemas_of_either_kind_or_none() -> None:
    json = {"responseMimeType": "application/json"}
    assert _configured(**json).output == ANY_OBJECT
    assert _configured(**json, responseSchema={"type": "STRING", "enum": ["a"]}).output == {
        "type": "string",
        "enum": ["a"],
    }
    assert _configured(**json, responseJsonSchema={"type": ["integer", "null"]}).output == {"type": ["integer", "null"]}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"contents": []}, "contents is not specified"),
        ({"contents": [{"role": "system", "parts": [{"text": "x"}]}]}, "Please use a valid role"),
        ({"contents": [{"role": "user"}]}, "contents.parts must not be empty"),
        ({"contents": [{"parts": [{}]}]}, "must have one initialized field"),
        ({"contents": [{"parts": [{"text": "x", "functionCall": {"name": "f"}}]}]}, "Cannot set 'functionCall'"),
        ({"contents": [{"parts": [{"inlineData": {"mimeType": "image/png"}}]}]}, "must not be empty"),
        ({"contents": [{"parts": [{"inlineData": {"data": "QQ=="}}]}]}, "Unsupported MIME type"),
        ({"contents": [{"parts": [{"fileData": {}}]}]}, "must not be empty"),
        ({"contents": [{"parts": [{"functionCall": {}}]}]}, "Name cannot be empty"),
        ({"contents": [{"parts": [{"functionResponse": {}}]}]}, "Name cannot be empty"),
        ({"contents": [{"parts": [{"functionResponse": {"name": "f"}}]}]}, "required field is not set"),
        ({"systemInstruction": {"parts": []}}, "must not be empty"),
        ({"surprise": 1}, 'Unknown name "surprise"'),
        ({"tools": [{}]}, "required one_of"),
        ({"tools": [{"functionDeclarations": [{"name": "a b"}]}]}, "Invalid function name"),
        ({"tools": [{"functionDeclarations": [{"name": "x" * 65}]}]}, "Invalid function name"),
        ({"tools": [{"functionDeclarations": [CLOCK, CLOCK]}]}, "Duplicate function declaration found: clock"),
        ({"tools": [{"functionDeclarations": [WEATHER | FULL]}]}, "only one of them"),
        ({"tools": [{"functionDeclarations": [CLOCK | {"parameters": STRING}]}]}, "should be of type OBJECT"),
        ({"tools": [{"functionDeclarations": [CLOCK | {"parametersJsonSchema": True}]}]}, "object schema"),
        ({"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}, "without function_declarations"),
        (
            {"tools": TOOLS, "toolConfig": {"functionCallingConfig": {"allowedFunctionNames": ["clock"]}}},
            "only be set when the mode is ANY",
        ),
        (
            {"tools": TOOLS, "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["x"]}}},
            "'x' is not among",
        ),
        ({"tools": TOOLS, "generationConfig": {"responseMimeType": "application/json"}}, "is unsupported"),
    ],
)
def test_what_is_wrong_is_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refusal) as caught:
        _read(**fields)
    assert caught.value.status == 400
    assert reason in caught.value.message


def test_a_model_in_the_body_is_the_one_in_the_path() -> None:
    for name in ("models/m", "projects/p/locations/l/publishers/google/models/m"):
        read_generate(msgspec.json.encode({"contents": [USER], "model": name}), "m", is_stream=False)
    with pytest.raises(Refusal, match="expected models/m"):
        read_generate(msgspec.json.encode({"contents": [USER], "model": "models/n"}), "m", is_stream=False)


@pytest.mark.parametrize(
    ("model", "config", "reason"),
    [
        ("gemini-2.5-flash", {"temperature": 3}, "range"),
        ("gemini-2.5-flash", {"candidateCount": 0}, "range"),
        ("gemini-2.5-flash", {"maxOutputTokens": 0}, "range"),
        ("gemini-2.5-flash", {"stopSequences": ["a"] * 6}, "at most 5"),
        ("gemini-2.5-flash", {"stopSequences": [""]}, "none of them empty"),
        ("gemini-2.5-flash", {"logprobs": 3}, "response_logprobs"),
        ("gemini-2.5-flash", {"responseMimeType": "text/csv"}, "is not known"),
        ("gemini-2.5-flash", {"responseMimeType": "text/x.enum", "responseSchema": STRING}, "enum: needed"),
        ("gemini-2.5-flash", {"responseSchema": STRING}, "only allowed with mime type"),
        (
            "gemini-2.5-flash",
            {"responseMimeType": "application/json", "responseSchema": STRING, "responseJsonSchema": {}},
            "Only one of",
        ),
        ("gemini-2.5-flash", {"responseMimeType": "application/json", "responseJsonSchema": 5}, "expected a schema"),
        ("gemini-2.0-flash", {"thinkingConfig": {"includeThoughts": True}}, "Thinking is not enabled"),
        ("gemini-2.5-flash", {"thinkingConfig": {"thinkingLevel": "LOW"}}, "not supported"),
        ("gemini-3-pro", {"thinkingConfig": {"thinkingLevel": "LOW", "thinkingBudget": 5}}, "only one of"),
        ("gemini-2.5-flash", {"thinkingConfig": {"thinkingBudget": 99_999}}, "is invalid"),
        ("gemini-2.5-pro", {"thinkingConfig": {"thinkingBudget": 0}}, "only works in thinking mode"),
    ],
)
def test_configurations_that_cannot_be_are_refused(model: str, config: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refusal) as caught:
        _configured(model, **config)
    assert reason in caught.value.message


@pytest.mark.parametrize("body", [b"", b"{", b'{"a": "\xff"}', b"[]", b"[" * 100_000, b'{"labels":' + b"[" * 100_000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal, match="Invalid JSON payload"):
        read_generate(body, "m", is_stream=False)


def test_counts_are_read_in_both_forms() -> None:
    inner = {"model": "models/m", "contents": [USER], "systemInstruction": {"parts": {"text": "Be kind"}}}
    assert read_count(msgspec.json.encode({"contents": [USER]}), "m").prompt_tokens == 2
    assert read_count(msgspec.json.encode({"generateContentRequest": inner}), "m").prompt_tokens == 4
    with pytest.raises(Refusal, match="Only one of"):
        read_count(msgspec.json.encode({"generateContentRequest": inner, "contents": [USER]}), "m")


def test_embeddings_are_read_one_by_one_and_in_batches() -> None:
    one = {"model": "models/e", "content": USER, "outputDimensionality": 8}
    asked = read_embed(msgspec.json.encode({"content": USER}), "e", is_batch=False)
    assert (asked.texts, asked.prompt_tokens, asked.dimensions, asked.is_single) == (("Hello there",), 2, None, True)
    asked = read_embed(msgspec.json.encode({"requests": [one, one]}), "e", is_batch=True)
    assert (len(asked.texts), asked.dimensions, asked.is_single) == (2, 8, False)


@pytest.mark.parametrize(
    ("requests", "reason"),
    [
        ([], "from 1 to 100"),
        ([{"content": USER}], "expected models/e"),
        ([{"model": "models/e"}], "content is not specified|contents is not specified"),
        ([{"model": "models/e", "content": USER, "outputDimensionality": 0}], "expected one length"),
    ],
)
def test_embeddings_that_cannot_be_are_refused(requests: Any, reason: str) -> None:
    with pytest.raises(Refusal, match=reason):
        read_embed(msgspec.json.encode({"requests": requests}), "e", is_batch=True)


def test_a_conversation_without_words_of_the_user_has_no_text() -> None:
    assert _read(contents=[{"role": "model", "parts": [{"text": "Hi"}]}]).text == ""
