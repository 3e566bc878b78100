"""Replies of other providers said in this dialect, and this one's replies as others hear them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from stellwerk.core.chat import Message, Role
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Citation, OpaquePart, Part, RedactedThinking, Text, Thinking, ToolCall
from stellwerk.core.reply import Candidate, Finish, Logprobs, Reply, StopReason, TokenAlternative, TokenLogprob
from stellwerk.core.usage import Usage
from stellwerk.dialects.gemini import response
from stellwerk.errors import UpstreamInvalid

OK = {"content": {"parts": [{"text": "a"}], "role": "model"}, "finishReason": "STOP", "index": 0}


def decode(*candidates: Any, **rest: Any) -> Reply:
    return response.decode(json.dumps({"candidates": candidates, "responseId": "r", **rest}).encode())


def finish(word: str, *parts: Any) -> Finish | None:
    return decode({"content": {"parts": parts, "role": "model"}, "finishReason": word}).candidates[0].finish


def encode(*parts: Part, reason: Finish | None = None, **rest: Any) -> Any:
    candidate = Candidate(Message(Role.ASSISTANT, parts), 0, reason, **rest)
    return json.loads(response.encode(Reply("r", "m", (candidate,))))["candidates"][0]


def usage(**counts: Any) -> Usage | None:
    body = json.dumps({"candidates": [], "usageMetadata": counts}).encode()
    assert response.read_usage(body).usage == response.decode(body).usage
    return response.read_usage(body).usage


def test_edge_7_thoughts_and_the_tools_own_prompt_are_counted_once() -> None:
    told = usage(
        promptTokenCount=10,
        toolUsePromptTokenCount=5,
        candidatesTokenCount=3,
        thoughtsTokenCount=20,
        totalTokenCount=38,
    )
    assert told == Usage(15, 23, reasoning_tokens=20)
    assert told.total_tokens == 38


def test_complaint_13_what_was_read_from_the_cache_is_a_part_of_the_prompt() -> None:
    told = usage(promptTokenCount=5000, cachedContentTokenCount=4500, candidatesTokenCount=40)
    assert told == Usage(5000, 40, 4500)
    wire = json.loads(response.encode(Reply("r", "m", (), usage=told)))["usageMetadata"]
    assert wire == {
        "promptTokenCount": 5000,
        "candidatesTokenCount": 40,
        "totalTokenCount": 5040,
        "cachedContentTokenCount": 4500,
    }


def test_sound_is_counted_apart() -> None:
    details = [{"modality": "TEXT", "tokenCount": 2}, {"modality": "AUDIO", "tokenCount": 8}]
    told = usage(
        promptTokenCount=10, promptTokensDetails=details, candidatesTokenCount=8, candidatesTokensDetails=details[1:]
    )
    assert told == Usage(10, 8, input_audio_tokens=8, output_audio_tokens=8)
    wire = json.loads(response.encode(Reply("r", "m", (), usage=told)))["usageMetadata"]
    assert wire["promptTokensDetails"] == details
    assert wire["candidatesTokensDetails"] == details[1:]


def test_counts_of_a_careless_host_are_read_as_far_as_they_are_counts() -> None:
    details: Any = [
        "x",
        {"modality": "AUDIO", "tokenCount": 3},
        {"modality": "AUDIO", "tokenCount": "3"},
        {"modality": 4},
    ]
    told = usage(promptTokenCount="9", candidatesTokenCount=-1, thoughtsTokenCount=4, promptTokensDetails=details)
    assert told == Usage(0, 4, reasoning_tokens=4, input_audio_tokens=3)
    assert usage(promptTokenCount=1, promptTokensDetails=5) == Usage(1)
    assert decode(usageMetadata=[]).usage is None
    own = Opaque("gemini", {"usageMetadata": msgspec.Raw(b'{"promptTokenCount":1,"x":2}')})
    kept = response.encode(Reply("r", "m", (), usage=Usage(1), usage_opaque=own))
    assert json.loads(kept)["usageMetadata"] == {"promptTokenCount": 1, "x": 2}


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("STOP", StopReason.END),
        ("MAX_TOKENS", StopReason.LENGTH),
        *((word, StopReason.CONTENT_FILTER) for word in ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT")),
        *((word, StopReason.CONTENT_FILTER) for word in ("SPII", "LANGUAGE", "IMAGE_SAFETY", "MODEL_ARMOR")),
        *((word, StopReason.MALFORMED_CALL) for word in ("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL")),
        *((word, StopReason.MALFORMED_CALL) for word in ("TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE")),
        ("OTHER", StopReason.OTHER),
        ("BRAND_NEW", StopReason.OTHER),
    ],
)
def test_edge_11_every_finish_reason_has_its_meaning_and_comes_back(word: str, reason: StopReason) -> None:
    told = finish(word, {"text": "a"})
    assert told is not None
    assert told.reason is reason
    assert encode(Text("a"), reason=told)["finishReason"] == word


def test_a_stop_behind_function_calls_waits_for_their_results() -> None:
    call = {"functionCall": {"name": "f", "args": {}}}
    assert finish("STOP", {"text": "a"}, call) == Finish(StopReason.TOOL_CALLS)
    assert finish("MAX_TOKENS", call) == Finish(StopReason.LENGTH)
    assert finish("FINISH_REASON_UNSPECIFIED") is None
    assert "finishReason" not in encode(Text("a"))


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (StopReason.TOOL_CALLS, "STOP"),
        (StopReason.STOP_SEQUENCE, "STOP"),
        (StopReason.CONTEXT_WINDOW, "MAX_TOKENS"),
        (StopReason.REFUSAL, "SAFETY"),
        (StopReason.PAUSE, "OTHER"),
    ],
)
def test_edge_11_reasons_of_others_get_the_nearest_word(reason: StopReason, word: str) -> None:
    assert encode(Text("a"), reason=Finish(reason))["finishReason"] == word


def test_a_prompt_that_was_blocked_is_a_candidate_that_a_filter_ended() -> None:
    reply = response.decode(b'{"promptFeedback":{"blockReason":"SAFETY"}}')
    assert [candidate.finish for candidate in reply.candidates] == [Finish(StopReason.CONTENT_FILTER)]
    assert response.read_usage(b'{"promptFeedback":{"blockReason":"SAFETY"}}').finish == "SAFETY"
    # Feedback alone blocks nothing, and a prompt with candidates was not blocked.
    assert response.decode(b'{"promptFeedback":{}}').candidates == ()
    assert len(decode(OK, promptFeedback={"blockReason": "SAFETY"}).candidates) == 1


def test_ids_of_calls_follow_from_the_reply_and_the_position() -> None:
    call = {"functionCall": {"name": "f", "args": {}}}
    reply = decode({"content": {"parts": [call, {"text": "a"}, call]}}, {"content": {"parts": [call]}})
    ids = [part.id for candidate in reply.candidates for part in candidate.message.parts if isinstance(part, ToolCall)]
    assert ids == ["call_r_0_0", "call_r_0_1", "call_r_1_0"]


def test_edge_6_a_call_that_was_cut_off_is_an_object_and_the_limit_is_told() -> None:
    wire = encode(ToolCall("1", "f", '{"city":"Paris","unit":"C'), reason=Finish(StopReason.LENGTH))
    assert wire["content"]["parts"] == [{"functionCall": {"id": "1", "name": "f", "args": {"city": "Paris"}}}]
    assert wire["finishReason"] == "MAX_TOKENS"


def test_thinking_of_any_model_is_shown_with_its_signature() -> None:
    parts = (
        Thinking("hm", "c2ln"),
        Thinking("", "eA=="),
        RedactedThinking("x"),
        OpaquePart("x", "y", msgspec.Raw(b"{}")),
    )
    assert encode(*parts, Text("a"))["content"]["parts"] == [
        {"text": "hm", "thought": True, "thoughtSignature": "c2ln"},
        {"text": "", "thought": True, "thoughtSignature": "eA=="},
        {"text": "a"},
    ]


def test_positions_of_citations_are_characters_of_the_whole_answer() -> None:
    first, second = "Köln. ", "Grüße 🚆 da"
    start = len("Grüße ".encode())
    grounding = {
        "groundingChunks": [{"web": {"uri": "u", "title": "t"}}, {"retrievedContext": {"title": "doc"}}, {"web": 5}, 7],
        "groundingSupports": [
            {
                "segment": {"partIndex": 1, "startIndex": start, "endIndex": start + 4},
                "groundingChunkIndices": [0, 1, 2, 3, 9, "x"],
            },
            {"segment": {"partIndex": 9, "endIndex": 5}, "groundingChunkIndices": [0]},
            {"segment": {"startIndex": 5, "endIndex": 1}, "groundingChunkIndices": [0]},
            {"segment": {"startIndex": "5"}},
            {"segment": 5},
            5,
        ],
    }
    wire = {"content": {"parts": [{"text": first}, {"text": second}], "role": "model"}, "groundingMetadata": grounding}
    message = decode(wire).candidates[0].message
    told = [
        [(one.url, one.title, one.start, one.end) for one in part.citations]
        for part in message.parts
        if isinstance(part, Text)
    ]
    assert told == [[("u", "t", 0, 4)], [("u", "t", 12, 13), (None, "doc", 12, 13)]]


def test_grounding_does_not_hold_the_answer_a_second_time() -> None:
    segment = {"startIndex": 0, "endIndex": 6, "text": "secret"}
    grounding = {"groundingChunks": [], "groundingSupports": [{"segment": segment, "groundingChunkIndices": []}]}
    decoded = decode(
        {**OK, "content": {"parts": [{"text": "secret"}], "role": "model"}, "groundingMetadata": grounding}
    )
    candidate = decoded.candidates[0]
    assert b"secret" not in b"".join(bytes(raw) for raw in candidate.opaque.members.values())  # type: ignore[union-attr, arg-type]
    masked = msgspec.structs.replace(candidate, message=Message(Role.ASSISTANT, (Text("******"),)))
    again = json.loads(response.encode(msgspec.structs.replace(decoded, candidates=(masked,))))
    assert "secret" not in json.dumps(again)
    assert again["candidates"][0]["groundingMetadata"]["groundingSupports"][0]["segment"]["text"] == "******"


def test_grounding_that_is_odd_or_has_no_text_is_kept() -> None:
    for content in ({"parts": [{"text": "a"}], "role": "model"}, {"parts": [{"newKind": 1}], "role": "model"}):
        for grounding in (
            [1],
            {"groundingSupports": [{"segment": {}}, 5], "groundingChunks": 5},
            {"groundingSupports": 5},
        ):
            wire = {**OK, "content": content, "groundingMetadata": grounding}
            again = json.loads(response.encode(decode(wire)))["candidates"][0]
            assert set(again) == set(wire)


def test_citations_of_others_are_grounding() -> None:
    text = "Köln am Rhein"
    citations = (
        Citation("https://x", "t", start=8, end=13),
        Citation("https://x", "t", start=0, end=4),
        Citation(title="doc", cited_text="passage", document_index=0),
        Citation("https://y", opaque=Opaque("openai_chat", {})),
    )
    grounding = encode(
        Text("é: "), Text(text, citations=(msgspec.structs.replace(citations[0], start=11, end=16), *citations[2:]))
    )
    assert grounding["groundingMetadata"] == {
        "groundingChunks": [
            {"web": {"uri": "https://x", "title": "t"}},
            {"retrievedContext": {"title": "doc", "text": "passage"}},
            {"web": {"uri": "https://y", "title": ""}},
        ],
        "groundingSupports": [
            {
                "segment": {"partIndex": 1, "startIndex": 9, "endIndex": 14, "text": "Rhein"},
                "groundingChunkIndices": [0],
            },
            {"segment": {"partIndex": 1, "startIndex": 0, "endIndex": 14, "text": text}, "groundingChunkIndices": [1]},
            {"segment": {"partIndex": 1, "startIndex": 0, "endIndex": 14, "text": text}, "groundingChunkIndices": [2]},
        ],
    }
    shared = encode(Text(text, citations=citations[:2]))["groundingMetadata"]
    assert [support["groundingChunkIndices"] for support in shared["groundingSupports"]] == [[0], [0]]


def test_log_probabilities_are_read_and_written() -> None:
    logprobs = Logprobs((TokenLogprob("a", -0.1, None, (TokenAlternative("b", -2.0),)),), (TokenLogprob("c", -0.2),))
    wire = encode(Text("a"), logprobs=logprobs)["logprobsResult"]
    assert wire == {
        "chosenCandidates": [{"token": "a", "logProbability": -0.1}, {"token": "c", "logProbability": -0.2}],
        "topCandidates": [{"candidates": [{"token": "b", "logProbability": -2.0}]}, {"candidates": []}],
    }
    for odd in ({"chosenCandidates": 5}, {"new": 1}, [1]):
        decoded = decode({**OK, "logprobsResult": odd})
        assert decoded.candidates[0].logprobs is None
        assert json.loads(response.encode(decoded))["candidates"][0]["logprobsResult"] == odd
    edited = Logprobs(
        (TokenLogprob("a", -0.1), TokenLogprob("b", -0.1)), opaque=Opaque("gemini", {"tokenIds": msgspec.Raw(b"[[4]]")})
    )
    assert encode(Text("a"), logprobs=edited)["logprobsResult"]["chosenCandidates"][0]["tokenId"] == 4


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "It is empty"),
        (b"<title>502</title>", "It says: 502"),
        (b"\xff", "not JSON"),
        (b"[]", "no candidates"),
        (b"{}", "no candidates"),
        (b'{"error":{"message":"Quota"}}', "answered with an error: Quota"),
        (b'{"error":"Quota"}', "answered with an error: Quota"),
        (b'{"candidates":5}', "candidates"),
        (b'{"candidates":' + b"[" * 5_000 + b"]" * 5_000 + b"}", "not JSON"),
    ],
)
def test_what_is_no_reply_is_the_providers_fault(body: bytes, told: str) -> None:
    with pytest.raises(UpstreamInvalid, match=told):
        response.read_usage(body)
    with pytest.raises(UpstreamInvalid):
        response.decode(body)


@pytest.mark.parametrize(
    "candidate",
    [5, {"content": 5}, {"content": {"role": "x"}}, {"content": {"parts": [5]}}, {"finishReason": 5}, {"index": "x"}],
)
def test_a_candidate_of_wrong_types_is_the_providers_fault(candidate: Any) -> None:
    with pytest.raises(UpstreamInvalid):
        decode(candidate)


def test_the_thin_reading_forgives_wrong_types() -> None:
    body = b'{"candidates":[{"finishReason":5},7],"responseId":5,"usageMetadata":{"promptTokenCount":"x"}}'
    facts = response.read_usage(body)
    assert (facts.usage, facts.finish, facts.id) == (Usage(), "", "")
    facts = response.read_usage(
        b'{"candidates":[{"finishReason":"STOP","index":"0"}],"responseId":"r","usageMetadata":5}'
    )
    assert (facts.usage, facts.finish, facts.id) == (None, "STOP", "r")
    assert response.read_usage(b'{"candidates":[7],"responseId":"\xc3\xa4"}').id == "ä"
    assert response.read_usage(b'{"candidates":null,"promptFeedback":{"blockReason":5}}').finish == ""
    assert response.read_usage(b'{"candidates":[]}').finish == ""


def test_a_reply_in_snake_case_is_read_too() -> None:
    body = {
        "candidates": [{"content": {"parts": [{"text": "ä"}], "role": "model"}, "finish_reason": "STOP"}],
        "response_id": "r",
    }
    reply = response.decode(json.dumps(body, ensure_ascii=False).encode())
    assert reply.id == "r"
    assert reply.candidates[0].finish == Finish(StopReason.END)


def test_an_answer_without_role_or_parts_comes_back_so() -> None:
    for content in ({}, {"role": "model"}, {"parts": [{"text": "a"}]}, {"parts": [], "role": "model"}):
        wire = {"content": content, "finishReason": "STOP"}
        assert json.loads(response.encode(decode(wire)))["candidates"] == [wire]
    silent = Candidate(
        Message(Role.ASSISTANT, (Text("put in"),), opaque=Opaque("gemini", {"parts": msgspec.Raw(b"null")}))
    )
    edited = json.loads(response.encode(Reply("", "", (silent,))))
    assert edited == {"candidates": [{"content": {"parts": [{"text": "put in"}], "role": "model"}, "index": 0}]}
