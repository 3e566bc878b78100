"""The Gemini dialect under any chunking, any unknown member and any spelling of the same JSON."""

from __future__ import annotations

import contextlib
import itertools
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.stream import Ended, Finished, Started, StreamEvent, StreamFault, UsageReported
from stellwerk.dialects import sse
from stellwerk.dialects.fragment import best_object
from stellwerk.dialects.gemini import counting, request, response
from stellwerk.dialects.gemini.stream import ChunkDecoder, ChunkEncoder, PassThrough
from stellwerk.errors import InvalidRequest, UpstreamInvalid
from tests.property.wire import TEXTS, dump, objects_beside, only, values

MODEL = "gemini-3-pro-preview"
WORDS = TEXTS.filter(bool)
ANY = values(st.one_of(st.booleans(), st.integers(-(2**40), 2**40), TEXTS))
UNKNOWN = st.dictionaries(st.sampled_from(["xNew", "y", "ümlaut", "x.y"]), ANY, max_size=2)
objects = objects_beside(UNKNOWN)
OBJECTS = st.dictionaries(TEXTS, ANY, max_size=2)


SIGNED = {"thoughtSignature": st.sampled_from(["YQ==", "Yg=="])}
MEDIA = st.one_of(
    objects(
        {
            "inlineData": objects(
                {"mimeType": st.sampled_from(["image/png", "audio/mp3", "a/b", ""]), "data": TEXTS}, displayName=TEXTS
            )
        },
        **SIGNED,
    ),
    objects({"fileData": objects({"fileUri": TEXTS}, mimeType=st.sampled_from(["image/png", "video/mp4", "a/b"]))}),
)
PARTS = st.one_of(
    objects({"text": TEXTS}, **SIGNED),
    objects({"text": TEXTS, "thought": only(True)}),
    MEDIA,
    objects({"executableCode": ANY}),
    objects({"newKind": ANY}),
)
CALLS = objects({"functionCall": objects({"name": TEXTS}, id=WORDS, args=OBJECTS), "thoughtSignature": only("YQ==")})
RESULTS = objects(
    {
        "functionResponse": objects(
            {"name": WORDS, "response": OBJECTS}, id=WORDS, parts=st.lists(MEDIA, min_size=1, max_size=2)
        )
    }
)
CONTENTS = st.one_of(
    objects({"parts": st.lists(PARTS, max_size=3)}, role=st.sampled_from(["user", "model", "function"])),
    objects({"parts": st.lists(st.one_of(PARTS, CALLS), max_size=3), "role": only("model")}),
    objects({"parts": st.lists(st.one_of(PARTS, RESULTS), max_size=3), "role": only("user")}),
)
FUNCTIONS = objects(
    {"name": TEXTS}, description=TEXTS, parametersJsonSchema=st.sampled_from([{}, {"type": "object"}, True])
)
TOOLS = st.one_of(
    objects({}).filter(lambda tool: len(tool) == 1),
    st.fixed_dictionaries({"functionDeclarations": st.lists(FUNCTIONS, min_size=1, max_size=2)}),
)
CONFIGS = objects(
    {},
    temperature=st.floats(0, 2),
    topP=st.integers(0, 1),
    topK=st.integers(1, 50),
    seed=st.integers(-(2**31), 2**31),
    maxOutputTokens=st.integers(0, 10**6),
    candidateCount=st.integers(1, 8),
    stopSequences=st.lists(TEXTS, min_size=1, max_size=2),
    responseModalities=st.lists(st.sampled_from(["TEXT", "IMAGE"]), min_size=1, max_size=2),
    responseMimeType=st.sampled_from(["application/json", "text/plain"]),
    responseJsonSchema=ANY,
    speechConfig=objects({}, voiceConfig=objects({}, prebuiltVoiceConfig=objects({}, voiceName=TEXTS))),
    thinkingConfig=objects({}, includeThoughts=st.booleans(), thinkingBudget=st.integers(-1, 9)),
).filter(bool)
REQUESTS = objects(
    {"contents": st.lists(CONTENTS, max_size=3)},
    systemInstruction=objects({"parts": st.lists(objects({"text": TEXTS}), min_size=1, max_size=2)}, role=only("user")),
    tools=st.lists(TOOLS, min_size=1, max_size=3),
    toolConfig=objects(
        {
            "functionCallingConfig": objects(
                {"mode": st.sampled_from(["AUTO", "ANY", "VALIDATED", "NEW"])},
            )
        }
    ),
    generationConfig=CONFIGS,
    labels=st.dictionaries(TEXTS, TEXTS, max_size=2),
)


def read(body: bytes) -> Any:
    return request.decode(body, model=MODEL, is_stream=False)


def has_results_in_a_row(wire: Any) -> bool:
    """Results of functions in neighbouring contents come back as one."""
    is_result = [[("functionResponse" in part) for part in content["parts"]] for content in wire["contents"]]
    return any(before[-1:] == [True] and after[:1] == [True] for before, after in itertools.pairwise(is_result))


@given(REQUESTS.filter(lambda wire: not has_results_in_a_row(wire)))
def test_a_request_loses_nothing_on_its_way_through_the_neutral_form(wire: Any) -> None:
    decoded = read(dump(wire))
    assert json.loads(request.encode(decoded)) == wire
    assert json.loads(request.encode(read(request.encode(decoded)))) == wire
    thin = request.read_envelope(dump(wire), model=MODEL, is_stream=False, max_depth=64)
    assert (thin.output_cap, thin.choices) == (decoded.output_cap, decoded.choices or 1)


READERS = (
    lambda data: request.read_envelope(data, model=MODEL, is_stream=True, max_depth=8),
    read,
    lambda data: counting.decode_count_request(data, model=MODEL),
)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_refused(body: bytes) -> None:
    for reader in READERS:
        with contextlib.suppress(InvalidRequest):
            reader(body)


FAMILIAR = (
    *("contents", "parts", "role", "text", "thought", "functionCall", "functionResponse", "name", "args", "response"),
    *("inlineData", "mimeType", "candidates", "content", "index", "finishReason", "usageMetadata", "promptTokenCount"),
    *(
        "error",
        "message",
        "details",
        "promptFeedback",
        "blockReason",
        "groundingMetadata",
        "groundingSupports",
        "segment",
    ),
    *(
        "groundingChunks",
        "endIndex",
        "groundingChunkIndices",
        "web",
        "uri",
        "logprobsResult",
        "chosenCandidates",
        "tools",
    ),
    *("functionDeclarations", "parameters", "type", "generationConfig", "thinkingConfig", "systemInstruction", "token"),
    *("system_instruction", "finish_reason", "candidate_count", "generation_config", "promptTokensDetails", "modality"),
)


LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-2, 3), TEXTS, only("STOP"), only("model"))
FAMILIAR_JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(FAMILIAR), inner, max_size=5)),
    max_leaves=25,
)


@given(FAMILIAR_JSON)
def test_any_json_of_familiar_members_is_read_or_refused(value: Any) -> None:
    body = dump(value)
    for reader in READERS:
        with contextlib.suppress(InvalidRequest):
            reader(body)
    with contextlib.suppress(InvalidRequest):
        request.encode(read(body))
    for read_reply in (response.read_usage, lambda data: response.encode(response.decode(data))):
        with contextlib.suppress(UpstreamInvalid):
            read_reply(body)
    for is_sse, framed in ((True, sse.encode(body)), (False, b"[" + body + b"]")):
        for relay in (ChunkDecoder(is_sse=is_sse), PassThrough(is_sse=is_sse)):
            with contextlib.suppress(UpstreamInvalid):
                relay.feed(framed)
                relay.flush()


ANSWERS = objects({"parts": st.lists(st.one_of(PARTS, CALLS), max_size=3), "role": only("model")})
REPLIES = objects(
    {
        "candidates": st.lists(
            objects(
                {"content": ANSWERS},
                index=st.integers(0, 5),
                finishReason=st.sampled_from(["STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "ODD", "OTHER"]),
                safetyRatings=ANY,
                groundingMetadata=ANY,
            ),
            min_size=1,
            max_size=2,
        )
    },
    usageMetadata=objects({"promptTokenCount": st.integers(0, 99)}, thoughtsTokenCount=st.integers(0, 9)),
    responseId=WORDS,
    modelVersion=WORDS,
)


@given(REPLIES)
def test_a_reply_loses_nothing_on_its_way_through_the_neutral_form(wire: Any) -> None:
    decoded = response.decode(dump(wire))
    assert json.loads(response.encode(decoded)) == wire
    assert response.read_usage(dump(wire)).usage == decoded.usage


@given(TEXTS, st.dictionaries(TEXTS, ANY, max_size=3))
def test_arguments_cut_anywhere_are_an_object_of_what_was_whole(tail: str, args: Any) -> None:
    text = json.dumps(args)
    for end in range(len(text) + 1):
        cut = json.loads(bytes(best_object(text[:end])))
        assert set(cut) <= set(args)
    assert json.loads(bytes(best_object(text))) == args
    assert isinstance(json.loads(bytes(best_object(tail))), dict)


# ---------------------------------------------------------------------------------------------------------- streams


@st.composite
def chunks(draw: st.DrawFn) -> Any:
    part = draw(
        st.sampled_from(
            [
                *({"text": "a"}, {"text": '"}],finishReason"'}, {"text": "🚆\r\n\n\\"}, {"text": ""}, {"newKind": 1}),
                *({"text": "hm", "thought": True}, {"text": "", "thoughtSignature": "YQ=="}),
                *({"functionCall": {"name": "f", "args": {"a": "]"}}}, {"functionCall": {"id": "i", "name": "g"}}),
            ]
        )
    )
    candidate: dict[str, Any] = {"content": {"parts": [part], "role": "model"}}
    candidate |= draw(st.sampled_from([{}, {}, {"index": 1}]))
    candidate |= draw(st.sampled_from([{}, {}, {"finishReason": "STOP"}, {"safetyRatings": []}]))
    wire: dict[str, Any] = draw(
        st.sampled_from([{"candidates": [candidate]}, {"candidates": [candidate]}, {"candidates": []}, {}])
    )
    wire |= draw(st.sampled_from([{}, {}, {"usageMetadata": {"promptTokenCount": 4}}, {"responseId": "r"}]))
    return wire | draw(
        st.sampled_from([{}] * 9 + [{"error": {"message": "m"}}, {"promptFeedback": {"blockReason": "X"}}])
    )


@st.composite
def streams(draw: st.DrawFn) -> tuple[bool, bytes]:
    """A stream in one of the framings and spellings that hosts use, sometimes cut off."""
    is_sse = draw(st.booleans())
    separators = draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    wires = [
        json.dumps(wire, separators=separators, ensure_ascii=draw(st.booleans())).encode()
        for wire in draw(st.lists(chunks(), max_size=6))
    ]
    if is_sse:
        end = draw(st.sampled_from([b"\r\n", b"\r\n", b"\n", b"\r"]))
        pieces = [
            b"data: " + wire + end + end + draw(st.sampled_from([b"", b"", b": c" + end + end])) for wire in wires
        ]
        stream = b"".join(pieces)
    else:
        stream = b"[" + draw(st.sampled_from([b",", b"\n,\r\n"])).join(wires) + b"]"
    return is_sse, stream[: draw(st.integers(0, len(stream)))] if draw(st.booleans()) else stream


@st.composite
def split_streams(draw: st.DrawFn) -> tuple[bool, bytes, list[bytes]]:
    is_sse, stream = draw(streams())
    cuts = sorted(draw(st.sets(st.integers(0, len(stream)), max_size=12)))
    return is_sse, stream, [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


def neutral(pieces: list[bytes], *, is_sse: bool) -> list[StreamEvent]:
    decoder = ChunkDecoder(is_sse=is_sse)
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.flush()


def relayed(pieces: list[bytes], *, is_sse: bool) -> tuple[Any, ...]:
    relay = PassThrough(is_sse=is_sse)
    out = b"".join(relay.feed(piece) for piece in pieces) + relay.flush()
    return out, relay.usage, relay.finish, relay.error, relay.has_content, relay.is_complete, relay.is_between_events


@given(split_streams())
def test_whatever_the_chunking_the_neutral_events_are_the_same(split: tuple[bool, bytes, list[bytes]]) -> None:
    is_sse, stream, pieces = split
    assert neutral(pieces, is_sse=is_sse) == neutral([stream], is_sse=is_sse)
    assert neutral([bytes((byte,)) for byte in stream], is_sse=is_sse) == neutral([stream], is_sse=is_sse)


@given(split_streams())
def test_whatever_the_chunking_the_same_is_handed_on_and_noticed(split: tuple[bool, bytes, list[bytes]]) -> None:
    is_sse, stream, pieces = split
    whole = relayed([stream], is_sse=is_sse)
    assert relayed(pieces, is_sse=is_sse) == whole
    assert relayed([bytes((byte,)) for byte in stream], is_sse=is_sse) == whole
    if is_sse:
        assert whole[0].startswith(stream)


@given(streams())
def test_the_relay_and_the_decoder_agree_on_what_is_whole(framed: tuple[bool, bytes]) -> None:
    is_sse, stream = framed
    events = neutral([stream], is_sse=is_sse)
    _, usage, _, error, _, is_complete, _ = relayed([stream], is_sse=is_sse)
    assert is_complete == (Ended() in events)
    assert (error is not None) == any(isinstance(event, StreamFault) for event in events)
    if error is None:
        assert usage == next((event.usage for event in reversed(events) if isinstance(event, UsageReported)), None)


@given(streams(), st.booleans())
def test_what_is_encoded_from_neutral_events_is_well_formed(framed: tuple[bool, bytes], is_sse: bool) -> None:
    events = neutral([framed[1]], is_sse=framed[0])
    encoder = ChunkEncoder(is_sse=is_sse)
    out = b"".join(encoder.feed(event) for event in events) + encoder.flush()
    again = neutral([out], is_sse=is_sse)
    assert [said(event) for event in again if said(event)] == [said(event) for event in events if said(event)]
    assert (Ended() in again) == (Ended() in events)
    assert sum(isinstance(event, Started) for event in again) <= 1
    assert [event for event in again if isinstance(event, Finished)] == [
        event for event in events if isinstance(event, Finished)
    ]


def said(event: StreamEvent) -> tuple[str, int, str] | None:
    text = getattr(event, "text", None) or getattr(event, "arguments", None) or getattr(event, "signature", None)
    return (type(event).__name__, getattr(event, "candidate", 0), text) if text else None
