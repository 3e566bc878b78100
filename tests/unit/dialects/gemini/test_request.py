"""Requests of other dialects said in this one, and this one's requests as others hear them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from stellwerk.core.chat import (
    AudioOutput,
    ChatRequest,
    JsonObjectFormat,
    JsonSchemaFormat,
    Message,
    Reasoning,
    Role,
    Sampling,
)
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Audio,
    Citation,
    Document,
    FileSource,
    Image,
    InlineSource,
    OpaquePart,
    Part,
    RedactedThinking,
    Refusal,
    SearchResult,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolKind,
    ToolResult,
    UrlSource,
    Video,
)
from stellwerk.core.tool import CustomTool, FunctionTool, OpaqueTool, ToolChoice, ToolMode, ToolName
from stellwerk.dialects.fragment import best_object
from stellwerk.dialects.gemini import request
from stellwerk.errors import InvalidRequest

G3, G25, G2 = "gemini-3-pro-preview", "gemini-2.5-flash", "gemini-2.0-flash"
SIGNATURE = "c2lnbmF0dXJl"
SKIP = "skip_thought_signature_validator"


def decode(wire: Any, model: str = G3) -> ChatRequest:
    return request.decode(json.dumps(wire).encode(), model=model, is_stream=False)


def encode(*messages: Message, model: str = G3, **fields: Any) -> Any:
    return json.loads(request.encode(ChatRequest(model, messages, **fields)))


def contents(*messages: Message, model: str = G3) -> Any:
    return encode(*messages, model=model)["contents"]


def user(*parts: Part, **fields: Any) -> Message:
    return Message(Role.USER, parts, **fields)


def said(*parts: Part) -> Message:
    return Message(Role.ASSISTANT, parts)


def results(*parts: ToolResult) -> Message:
    return Message(Role.TOOL, parts)


def parts_of(*parts: Part, model: str = G3) -> Any:
    return contents(user(*parts), model=model)[0]["parts"]


HELLO = user(Text("Hello"))


# ------------------------------------------------------------------------------------------------------------ contents


def test_leading_system_messages_are_the_instruction_and_later_ones_the_users() -> None:
    wire = encode(
        Message(Role.SYSTEM, (Text("a"),)),
        Message(Role.DEVELOPER, (Text("b"),)),
        HELLO,
        Message(Role.SYSTEM, (Text("c"),)),
        said(Text("d")),
    )
    assert wire["systemInstruction"] == {"parts": [{"text": "a"}, {"text": "b"}]}
    assert [(entry["role"], entry["parts"][0]["text"]) for entry in wire["contents"]] == [
        ("user", "Hello"),
        ("user", "c"),
        ("model", "d"),
    ]
    assert "systemInstruction" not in encode(Message(Role.SYSTEM, ()), HELLO)


def test_an_instruction_is_the_first_message() -> None:
    decoded = decode({"system_instruction": {"parts": [{"text": "a"}]}, "contents": [{"parts": [{"text": "b"}]}]})
    assert [(message.role, message.parts) for message in decoded.messages] == [
        (Role.SYSTEM, (Text("a"),)),
        (Role.USER, (Text("b"),)),
    ]
    assert decode({"systemInstruction": None, "contents": []}).messages == ()


def test_edge_2_a_signature_goes_back_in_its_place() -> None:
    calls = (ToolCall("1", "f", "{}", signature=SIGNATURE), ToolCall("2", "f", "{}"))
    model = contents(HELLO, said(*calls))[1]
    assert [part.get("thoughtSignature") for part in model["parts"]] == [SIGNATURE, None]
    signed = contents(
        HELLO, said(Text("x", signature=SIGNATURE), Image(InlineSource("image/png", "AA"), signature="aW1n"))
    )
    assert [part["thoughtSignature"] for part in signed[1]["parts"]] == [SIGNATURE, "aW1n"]


@pytest.mark.parametrize(
    "model", [G3, "gemini-3.1-flash", "gemini-pro-latest", "models/gemini-4", "publishers/google/models/gemini-3-pro"]
)
def test_edge_2_the_first_call_of_a_foreign_turn_says_that_it_has_no_signature(model: str) -> None:
    history = (HELLO, said(Text("a"), ToolCall("1", "f", "{}"), ToolCall("2", "f", "{}")))
    parts = contents(*history, model=model)[1]["parts"]
    assert [part.get("thoughtSignature") for part in parts] == [None, SKIP, None]


@pytest.mark.parametrize("model", [G25, G2, "gemini-1.5-pro", "gemma-3-27b", "projects/p/locations/l/endpoints/123"])
def test_edge_2_older_models_are_told_nothing_of_signatures(model: str) -> None:
    assert SKIP not in json.dumps(contents(HELLO, said(ToolCall("1", "f", "{}")), model=model))


def test_complaint_28_a_signature_survives_the_way_of_a_request_through_another_dialect() -> None:
    wire = {
        "contents": [
            {"role": "user", "parts": [{"text": "a"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}, "thoughtSignature": SIGNATURE}]},
        ]
    }
    call = decode(wire).messages[1].parts[0]
    assert isinstance(call, ToolCall)
    assert call.signature == SIGNATURE
    foreign = ToolCall(call.id, call.name, call.arguments, signature=call.signature)
    assert contents(HELLO, said(foreign))[1]["parts"][0]["thoughtSignature"] == SIGNATURE


def test_edge_3_results_come_in_one_content_in_the_order_of_their_calls_and_before_the_users_text() -> None:
    wire = contents(
        HELLO,
        said(ToolCall("a", "f", '{"x":1}'), ToolCall("b", "g", "")),
        results(ToolResult("b", (Text("second"),))),
        results(ToolResult("a", (Text('{"temp": 15}'),))),
        user(Text("go on")),
    )
    assert wire[1]["parts"][0]["functionCall"] == {"id": "a", "name": "f", "args": {"x": 1}}
    assert wire[2:] == [
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"id": "a", "name": "f", "response": {"temp": 15}}},
                {"functionResponse": {"id": "b", "name": "g", "response": {"output": "second"}}},
            ],
        },
        {"role": "user", "parts": [{"text": "go on"}]},
    ]


def test_a_result_that_names_no_function_and_follows_no_call_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="follows no call") as refused:
        encode(HELLO, results(ToolResult("x", ())))
    assert refused.value.param == "messages"
    named = contents(HELLO, results(ToolResult("", (), name="f")), Message(Role.TOOL, ()))
    assert named[1]["parts"] == [{"functionResponse": {"name": "f", "response": {"output": ""}}}]


def test_results_without_ids_are_paired_by_name_and_order() -> None:
    def response(name: str, **rest: Any) -> Any:
        return {"functionResponse": {"name": name, "response": {"output": "x"}, **rest}}

    decoded = decode(
        {
            "contents": [
                {"role": "model", "parts": [{"functionCall": {"name": name}} for name in ("f", "g", "f")]},
                {"parts": [response("f"), response("f"), response("g"), response("h"), response("h", id="i")]},
                {
                    "role": "model",
                    "parts": [{"functionCall": {"name": "f", "id": "j"}}, {"functionCall": {"name": "f"}}],
                },
                {"parts": [response("f", id="j"), response("f"), response("f", id="k")]},
            ]
        }
    )
    calls = [part.id for message in decoded.messages for part in message.parts if isinstance(part, ToolCall)]
    answers = [part.call_id for message in decoded.messages for part in message.parts if isinstance(part, ToolResult)]
    assert calls == ["call_0_0", "call_0_1", "call_0_2", "j", "call_2_1"]
    assert answers == ["call_0_0", "call_0_2", "call_0_1", "call_1_3", "i", "j", "call_2_1", "k"]


def test_an_id_that_does_not_come_in_order_leaves_the_others_waiting() -> None:
    decoded = decode(
        {
            "contents": [
                {"role": "model", "parts": [{"functionCall": {"name": "f", "id": name}} for name in "ab"]},
                {"parts": [{"functionResponse": {"name": "f", "id": name, "response": {}}} for name in "ba"]},
            ]
        }
    )
    assert [part.call_id for part in decoded.messages[1].parts if isinstance(part, ToolResult)] == ["b", "a"]


def test_a_turn_of_results_and_words_comes_apart_and_together_again() -> None:
    response = {"functionResponse": {"name": "f", "id": "1", "response": {"a": 1}}}
    wire = {"contents": [{"role": "user", "parts": [{"text": "a"}, response, {"text": "b"}]}]}
    decoded = decode(wire)
    assert [message.role for message in decoded.messages] == [Role.USER, Role.TOOL, Role.USER]
    assert json.loads(request.encode(decoded)) == wire


@pytest.mark.parametrize(
    ("response", "text", "is_error"),
    [
        ({"output": "fine"}, "fine", None),
        ({"output": '{"a":1}'}, '{"output": "{\\"a\\":1}"}', None),
        ({"output": ""}, '{"output": ""}', None),
        ({"output": {"a": 1}}, '{"output": {"a": 1}}', None),
        ({"error": "broken"}, "broken", True),
        ({"error": {"code": 5}}, '{"error": {"code": 5}}', True),
        ({"result": "x"}, '{"result": "x"}', None),
        ({}, "{}", None),
    ],
)
def test_what_a_function_responded_is_read_and_written_back(response: Any, text: str, is_error: bool | None) -> None:
    part = {"functionResponse": {"id": "1", "name": "f", "response": response}}
    decoded = decode({"contents": [{"role": "user", "parts": [part]}]})
    result = decoded.messages[0].parts[0]
    assert isinstance(result, ToolResult)
    assert (result.parts, result.is_error, result.name) == ((Text(text),), is_error, "f")
    assert json.loads(request.encode(decoded))["contents"][0]["parts"][0] == part


def test_a_failed_result_says_so() -> None:
    wire = contents(
        said(ToolCall("1", "f", "")),
        results(
            ToolResult("1", (Text('{"a":1}'), Text("b")), is_error=True),
            ToolResult("1", (Text('{"a":1}'),), is_error=True),
        ),
    )
    answers = [part["functionResponse"]["response"] for part in wire[1]["parts"]]
    assert answers == [{"error": '{"a":1}\nb'}, {"error": '{"a":1}'}]


def test_media_in_results_go_where_the_model_takes_them() -> None:
    picture = {"inlineData": {"mimeType": "image/png", "data": "AA"}}
    own = OpaquePart("gemini", "new", msgspec.Raw(b'{"new":1}'))
    found = SearchResult("https://x", "t", (Text("p"),))
    sort = (Image(InlineSource("image/png", "AA")), Text("seen"), Document(TextSource("plain")), own, found)
    history = (
        said(ToolCall("1", "f", "")),
        results(ToolResult("1", (*sort, OpaquePart("x", "y", msgspec.Raw(b"{}"))))),
    )
    response = {"id": "1", "name": "f", "response": {"output": "seen\nplain\nt\nhttps://x\np"}}
    assert contents(*history)[1]["parts"] == [{"functionResponse": {**response, "parts": [picture, {"new": 1}]}}]
    assert contents(*history, model=G25)[1]["parts"] == [{"functionResponse": response}, picture, {"new": 1}]


def test_edge_5_a_call_without_arguments_has_an_empty_object() -> None:
    assert contents(said(ToolCall("1", "f", "")))[0]["parts"][0]["functionCall"]["args"] == {}
    bare = {"contents": [{"role": "model", "parts": [{"functionCall": {"name": "f"}, "thoughtSignature": "YQ=="}]}]}
    assert decode(bare).messages[0].parts[0].arguments == ""  # type: ignore[union-attr]
    assert json.loads(request.encode(decode(bare))) == bare


def test_free_text_of_a_call_is_an_object_too() -> None:
    call = contents(said(ToolCall("1", "f", "ls -l", ToolKind.CUSTOM)))[0]["parts"][0]["functionCall"]
    assert call["args"] == {"input": "ls -l"}


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("", {}),
        ('{"a": 1}', {"a": 1}),
        ('{"city":"Par', {}),
        ('{"a":1,"b":"x', {"a": 1}),
        ('{"a":1,', {"a": 1}),
        ('{"a":[1,2,{"b":3},4', {"a": [1, 2, {"b": 3}]}),
        ('{"a":{"b":1}', {"a": {"b": 1}}),
        ('{"a":"}]\\"", "b": tru', {"a": '}]"'}),
        ('{"a\\', {}),
        ('{"a"', {}),
        ("[1]", {}),
        ("null", {}),
        ("}", {}),
        ("no json", {}),
        ("{a:1}", {}),
        ('{"a":"\ud800"}', {"a": "?"}),
        ('{"a":' * 100_000, {}),
    ],
)
def test_edge_6_arguments_that_were_cut_off_are_the_best_object_there_is(text: str, whole: Any) -> None:
    assert json.loads(bytes(best_object(text))) == whole


def test_parts_of_a_shape_that_is_not_known_stay_as_they_are() -> None:
    odd = [
        {"functionCall": {"args": {}}},
        {"functionCall": {"name": "f", "args": []}},
        {"functionCall": {"name": "f", "partialArgs": [{"jsonPath": "$.a"}]}},
        {"functionCall": {"name": "f", "willContinue": True}},
        {"functionResponse": {"name": "f", "response": []}},
        {"functionResponse": {"name": "f", "response": {}, "parts": [{"text": "a"}]}},
        {"functionResponse": 5},
        {"inlineData": {"data": "AA"}},
        {"inlineData": {"mimeType": "image/png", "data": "AA"}, "thought": True},
        {"text": 5},
        {"thoughtSignature": "YQ=="},
        {},
    ]
    decoded = decode({"contents": [{"role": "user", "parts": [*odd, {"text": "x", "thought": False}]}]})
    assert all(isinstance(part, OpaquePart) for part in decoded.messages[0].parts[:-1])
    assert json.loads(request.encode(decoded))["contents"][0]["parts"][:-1] == odd


def test_a_response_in_parts_of_its_own_is_kept() -> None:
    part = {"functionResponse": {"name": "f", "parts": [{"new": 1}, {"inlineData": {"mimeType": "a/b", "data": ""}}]}}
    result = decode({"contents": [{"parts": [part]}]}).messages[0].parts[0]
    assert isinstance(result, ToolResult)
    assert [type(inner) for inner in result.parts] == [OpaquePart, Document]


def test_thinking_that_was_streamed_in_pieces_is_one_again() -> None:
    thoughts = [
        {"text": "a", "thought": True},
        {"text": "b", "thought": True},
        {"text": "", "thought": True, "thoughtSignature": "YQ=="},
    ]
    decoded = decode({"contents": [{"role": "model", "parts": [{"text": "x"}, *thoughts, {"text": "y"}]}]})
    parts = decoded.messages[0].parts
    assert [type(part) for part in parts] == [Text, Thinking, Text]
    thinking = parts[1]
    assert isinstance(thinking, Thinking)
    assert (thinking.text, thinking.signature, thinking.is_summary) == ("ab", "YQ==", True)


def test_what_cannot_be_said_is_left_out_and_a_content_of_nothing_too() -> None:
    foreign = (Thinking("hm", "c2ln"), RedactedThinking("x"), OpaquePart("anthropic_messages", "s", msgspec.Raw(b"{}")))
    wire = contents(HELLO, said(*foreign), said(Text("")), said(Refusal("")), said(Audio(id="a")), user())
    assert wire == [{"role": "user", "parts": [{"text": "Hello"}]}]
    own = {"contents": [{"role": "user", "parts": []}, {"role": "model", "parts": [{"text": ""}]}]}
    assert json.loads(request.encode(decode(own))) == own


@pytest.mark.parametrize(
    ("part", "wire"),
    [
        (Text("a", citations=(Citation("u"),)), {"text": "a"}),
        (Refusal("no"), {"text": "no"}),
        (Image(InlineSource("image/png", "AA")), {"inlineData": {"mimeType": "image/png", "data": "AA"}}),
        (Audio(InlineSource("audio/*", "AA")), {"inlineData": {"mimeType": "audio/wav", "data": "AA"}}),
        (Audio(id="a", transcript="said"), {"text": "said"}),
        (
            Video(UrlSource("gs://b/v.mp4", "video/mp4")),
            {"fileData": {"mimeType": "video/mp4", "fileUri": "gs://b/v.mp4"}},
        ),
        (Document(FileSource("https://x/f")), {"fileData": {"fileUri": "https://x/f"}}),
        (
            Document(InlineSource("application/pdf", "AA"), "a.pdf"),
            {"inlineData": {"mimeType": "application/pdf", "data": "AA"}},
        ),
        (Document(TextSource("plain")), {"text": "plain"}),
        (SearchResult("https://x", "t", (Text("p"),)), {"text": "t\nhttps://x\np"}),
    ],
)
def test_each_part_has_its_form(part: Part, wire: Any) -> None:
    assert parts_of(part) == [wire]


def test_media_are_told_apart_by_their_type() -> None:
    def media(**members: Any) -> Part:
        return decode({"contents": [{"parts": [members]}]}).messages[0].parts[0]

    sorts: list[Part] = [
        Image(InlineSource("image/png", "AA")),
        Audio(InlineSource("audio/mp3", "AA")),
        Video(InlineSource("video/mp4", "AA")),
        Document(InlineSource("text/csv", "AA")),
    ]
    wires = [
        {"inlineData": {"mimeType": name, "data": "AA"}} for name in ("image/png", "audio/mp3", "video/mp4", "text/csv")
    ]
    for members in ({"role": "user", "parts": wires}, {"parts": wires}):
        assert list(decode({"contents": [members]}).messages[0].parts) == sorts
    mixed = [{"text": "a", "inlineData": {"mimeType": "image/png", "data": "AA"}}]
    assert decode({"contents": [{"role": "user", "parts": mixed}]}).messages[0].parts[0] == Text(
        "a", opaque=Opaque("gemini", {"inlineData": msgspec.Raw(b'{"mimeType": "image/png", "data": "AA"}')})
    )
    files = "https://generativelanguage.googleapis.com/v1beta/files/a"
    assert media(inline_data={"mime_type": "image/png", "data": "AA"}) == Image(InlineSource("image/png", "AA"))
    assert media(inlineData={"mimeType": "audio/mp3", "data": "AA"}) == Audio(InlineSource("audio/mp3", "AA"))
    assert media(fileData={"mimeType": "video/mp4", "fileUri": "gs://a"}) == Video(UrlSource("gs://a", "video/mp4"))
    assert media(fileData={"fileUri": "https://youtu.be/x"}) == Video(UrlSource("https://youtu.be/x"))
    assert media(fileData={"fileUri": files}) == Document(FileSource(files))


# --------------------------------------------------------------------------------------------------------------- tools


def test_functions_share_an_entry_and_keep_their_order_among_other_tools() -> None:
    tools = (
        FunctionTool("f", "d", msgspec.Raw(b'{"type":"object","properties":{"a":{"type":"string"}}}')),
        FunctionTool("g"),
        OpaqueTool("gemini", "googleSearch", msgspec.Raw(b'{"googleSearch":{}}')),
        CustomTool("c"),
        OpaqueTool("openai_chat", "web_search", msgspec.Raw(b"{}")),
        FunctionTool("h"),
    )
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert encode(HELLO, tools=tools)["tools"] == [
        {"functionDeclarations": [{"name": "f", "description": "d", "parametersJsonSchema": schema}, {"name": "g"}]},
        {"googleSearch": {}},
        {"functionDeclarations": [{"name": "h"}]},
    ]


def test_functions_in_entries_of_their_own_stay_there() -> None:
    wire = {
        "contents": [],
        "tools": [{"functionDeclarations": [{"name": "f"}]}, {"functionDeclarations": [{"name": "g"}]}],
    }
    assert json.loads(request.encode(decode(wire))) == wire


def test_edge_10_a_function_without_parameters_is_kept() -> None:
    bare = FunctionTool("f", parameters=msgspec.Raw(b'{"type":"object","properties":{}}'))
    assert encode(HELLO, tools=(bare,), model=G2)["tools"] == [{"functionDeclarations": [{"name": "f"}]}]
    assert encode(HELLO, tools=(bare,))["tools"][0]["functionDeclarations"][0]["name"] == "f"
    own = {"contents": [], "tools": [{"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT"}}]}]}
    assert json.loads(request.encode(decode(own))) == own


def test_complaint_31_schemas_with_references_and_closed_objects_go_to_every_generation() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/x"}},
        "$defs": {"x": {"type": ["string", "null"]}},
        "additionalProperties": False,
    }
    tool = FunctionTool("f", parameters=msgspec.Raw(json.dumps(schema).encode()))
    format_ = JsonSchemaFormat(tool.parameters, "answer")
    new = encode(HELLO, tools=(tool,), output_format=format_)
    inlined = {"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "additionalProperties": False}
    assert new["tools"][0]["functionDeclarations"][0] == {"name": "f", "parametersJsonSchema": inlined}
    assert new["generationConfig"] == {"responseMimeType": "application/json", "responseJsonSchema": inlined}
    old = encode(HELLO, tools=(tool,), output_format=format_, model=G2)
    subset = {"type": "OBJECT", "properties": {"a": {"type": "STRING", "nullable": True}}}
    assert old["tools"][0]["functionDeclarations"][0] == {"name": "f", "parameters": subset}
    assert old["generationConfig"] == {"responseMimeType": "application/json", "responseSchema": subset}


def test_parameters_in_the_subset_are_json_schema_to_others() -> None:
    wire = {"contents": [], "tools": [{"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT"}}]}]}
    tool = decode(wire).tools[0]
    assert isinstance(tool, FunctionTool)
    assert tool.parameters == msgspec.Raw(b'{"type":"object"}')


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        (ToolChoice(ToolMode.AUTO), {"mode": "AUTO"}),
        (ToolChoice(ToolMode.NONE, (ToolName("f"),)), {"mode": "NONE"}),
        (ToolChoice(ToolMode.REQUIRED), {"mode": "ANY"}),
        (ToolChoice(ToolMode.REQUIRED, (ToolName("f"),)), {"mode": "ANY", "allowedFunctionNames": ["f"]}),
        (ToolChoice(ToolMode.AUTO, (ToolName("f"),)), {"mode": "VALIDATED", "allowedFunctionNames": ["f"]}),
    ],
)
def test_a_choice_of_tools_has_its_mode(choice: ToolChoice, config: Any) -> None:
    assert encode(HELLO, tool_choice=choice)["toolConfig"] == {"functionCallingConfig": config}


@pytest.mark.parametrize(
    ("config", "choice"),
    [
        ({"mode": "ANY", "allowed_function_names": ["f"]}, ToolChoice(ToolMode.REQUIRED, (ToolName("f"),))),
        ({"mode": "NONE"}, ToolChoice(ToolMode.NONE)),
        ({"mode": "MODE_UNSPECIFIED"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_a_mode_is_a_choice_of_tools(config: Any, choice: ToolChoice | None) -> None:
    assert decode({"contents": [], "toolConfig": {"functionCallingConfig": config}}).tool_choice == choice
    assert decode({"contents": [], "toolConfig": None}).tool_choice is None


# ---------------------------------------------------------------------------------------------------------- generation


def test_settings_have_their_names() -> None:
    wire = encode(
        HELLO,
        sampling=Sampling(1, 0.5, 40, 0.1, 0.2, 7),
        output_cap=9,
        choices=2,
        stop=("a",),
        modalities=("text", "audio"),
        audio=AudioOutput("Kore", "wav"),
        wants_logprobs=True,
        top_logprobs=3,
        metadata={"team": "shop"},
        output_format=JsonObjectFormat(),
    )
    assert wire["labels"] == {"team": "shop"}
    assert wire["generationConfig"] == {
        "temperature": 1,
        "topP": 0.5,
        "topK": 40,
        "frequencyPenalty": 0.1,
        "presencePenalty": 0.2,
        "seed": 7,
        "candidateCount": 2,
        "maxOutputTokens": 9,
        "stopSequences": ["a"],
        "responseModalities": ["TEXT", "AUDIO"],
        "responseLogprobs": True,
        "logprobs": 3,
        "responseMimeType": "application/json",
        "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}},
    }
    assert "generationConfig" not in encode(HELLO)
    without = encode(HELLO, output_format=JsonSchemaFormat(None, "x"))
    assert without["generationConfig"] == {"responseMimeType": "application/json"}


def test_whole_numbers_are_read_however_protocol_buffers_write_them() -> None:
    config = {"topK": 40.0, "maxOutputTokens": "800", "seed": -1, "candidate_count": 1, "logprobs": None}
    decoded = decode({"contents": [], "generation_config": config})
    assert (decoded.sampling.top_k, decoded.output_cap, decoded.sampling.seed, decoded.choices) == (40, 800, -1, 1)
    for value in ("many", 1.5):
        with pytest.raises(InvalidRequest) as refused:
            decode({"contents": [], "generationConfig": {"topK": value}})
        assert refused.value.param == "generationConfig.topK"
    assert decode({"contents": [], "generationConfig": None}).output_cap is None


@pytest.mark.parametrize(
    ("reasoning", "new", "old"),
    [
        (Reasoning("low"), {"thinkingLevel": "LOW"}, {"thinkingBudget": 1_024}),
        (Reasoning("none"), {"thinkingLevel": "MINIMAL"}, {"thinkingBudget": 0}),
        (Reasoning("xhigh"), {"thinkingLevel": "HIGH"}, {"thinkingBudget": 24_576}),
        (Reasoning("odd"), {"thinkingLevel": "ODD"}, None),
        (Reasoning(budget_tokens=500), {"thinkingBudget": 500}, {"thinkingBudget": 500}),
        (Reasoning("high", 500), {"thinkingLevel": "HIGH"}, {"thinkingBudget": 500}),
        (Reasoning(is_enabled=False), {"thinkingLevel": "MINIMAL"}, {"thinkingBudget": 0}),
        (Reasoning(is_enabled=True), {"includeThoughts": True}, {"thinkingBudget": -1, "includeThoughts": True}),
        (
            Reasoning(budget_tokens=5, is_enabled=True, display="omitted"),
            {"thinkingBudget": 5, "includeThoughts": False},
            {"thinkingBudget": 5, "includeThoughts": False},
        ),
        (Reasoning(display="auto"), {"includeThoughts": True}, {"includeThoughts": True}),
    ],
)
def test_thinking_is_asked_for_as_the_generation_takes_it(reasoning: Reasoning, new: Any, old: Any) -> None:
    assert encode(HELLO, reasoning=reasoning).get("generationConfig", {}).get("thinkingConfig") == new
    assert encode(HELLO, reasoning=reasoning, model=G25).get("generationConfig", {}).get("thinkingConfig") == old


@pytest.mark.parametrize(
    ("config", "reasoning"),
    [
        ({"thinkingLevel": "HIGH"}, Reasoning("high")),
        ({"thinkingBudget": 0}, Reasoning(budget_tokens=0, is_enabled=False)),
        ({"thinking_budget": -1, "include_thoughts": True}, Reasoning(budget_tokens=-1, display="summarized")),
        ({"includeThoughts": False}, Reasoning(display="omitted")),
    ],
)
def test_thinking_that_is_asked_for_is_understood(config: Any, reasoning: Reasoning) -> None:
    assert decode({"contents": [], "generationConfig": {"thinkingConfig": config}}).reasoning == reasoning


def test_a_format_that_is_not_json_stays_opaque() -> None:
    for config in ({"responseMimeType": "text/plain"}, {"responseSchema": {"type": "STRING"}}):
        decoded = decode({"contents": [], "generationConfig": config})
        assert decoded.output_format is None
        assert json.loads(request.encode(decoded))["generationConfig"] == config


# ---------------------------------------------------------------------------------------------------------------- rest


@pytest.mark.parametrize(
    ("wire", "param"),
    [
        ([], None),
        ({}, "contents"),
        ({"contents": {}}, "contents"),
        ({"contents": [5]}, "contents[0]"),
        ({"contents": [{"parts": [5]}]}, "contents[0].parts[0]"),
        ({"contents": [{"parts": 5}]}, "contents[0].parts"),
        ({"contents": [{"role": "system", "parts": []}]}, "contents[0].role"),
        ({"contents": [], "systemInstruction": "text"}, "systemInstruction"),
        ({"contents": [], "systemInstruction": {"parts": [5]}}, "systemInstruction.parts[0]"),
        ({"contents": [], "tools": [5]}, "tools[0]"),
        ({"contents": [], "tools": [{"functionDeclarations": [{}]}]}, "tools[0].functionDeclarations[0].name"),
        ({"contents": [], "generationConfig": {"temperature": "hot"}}, "generationConfig.temperature"),
        ({"contents": [], "generationConfig": {}, "generation_config": {}}, "generationConfig"),
        ({"contents": [], "labels": {"a": 1}}, "labels[...]"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(wire: Any, param: str | None) -> None:
    with pytest.raises(InvalidRequest) as refused:
        decode(wire)
    assert param is None or (refused.value.param or "").startswith(param.removesuffix("[...]"))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b'{"contents":' + b"[" * 5_000, b'{"contents":[{"parts":[{"text":"\xff"}]}]}']
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        request.decode(body, model=G3, is_stream=False)


def test_what_another_dialect_left_is_not_written() -> None:
    other = Opaque("openai_chat", {"x": msgspec.Raw(b"1")})
    assert encode(HELLO, opaque=other) == {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}


def test_nulls_and_marks_of_a_caller_are_nothing() -> None:
    decoded = decode(
        {"contents": [{"role": "user", "parts": [{"text": "a", "thought": None, "x": None}], "empty": None}]}
    )
    assert decoded.messages == (user(Text("a")),)
    assert decode({"contents": [], "x": None, "y": 1}).opaque == Opaque("gemini", {"y": msgspec.Raw(b"1")})


def test_what_was_of_a_known_object_and_is_none_now_is_left_as_it_is() -> None:
    odd = Opaque("gemini", {"tools": Opaque("gemini", {"x": msgspec.Raw(b"1")})})
    assert encode(HELLO, tools=(FunctionTool("f"),), opaque=odd)["tools"] == [{"functionDeclarations": [{"name": "f"}]}]
