"""The server of llama.cpp behind the gateway, asked by every official SDK: a provider that this project did not write.

What it answers is random, so the oracle is what it tells OpenAI's SDK when asked without a gateway.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from jsonschema import validate  # type: ignore[import-untyped]
from openai import AsyncOpenAI, BadRequestError, InternalServerError

from tests.integration.gateway.clients import QUESTION, ask, sdk
from tests.integration.gateway.kit import Gateway, model, serving
from tests.integration.gateway.speakers import SCHEMA, SPEAKERS, Ask, Chat, Heard, RefusedError, speaking
from tests.integration.gateway.test_embeddings import google
from tests.integration.http.loop import on_loop
from tests.integration.llama_cpp.model import CONTEXT, WIDTH, count
from tests.integration.llama_cpp.server import KEY, Llama, serving_llama

pytest.importorskip("xllamacpp", reason="xllamacpp, which brings llama.cpp, has no wheel for this platform")

TEXT = "What is a signal box?"
PROMPT = f"<|im_start|>user\n{TEXT}<|im_end|>\n<|im_start|>assistant\n"

every_caller = pytest.mark.parametrize("caller", SPEAKERS)
both_ways = pytest.mark.parametrize("way", ["whole", "streamed"])


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    """The server for chats."""
    with serving_llama(tmp_path_factory.mktemp("llama")) as running:
        yield running


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    """The server for embeddings, which does nothing else."""
    with serving_llama(tmp_path_factory.mktemp("vectors"), "embeddings") as running:
        yield running


@asynccontextmanager
async def before(llama: Llama, folder: Path, **options: str) -> AsyncIterator[Gateway]:
    """A gateway whose model ``plain`` is the server's."""
    async with serving(folder, llama.section(**options), model("plain", "llama/tiny")) as gateway:
        yield gateway


@asynccontextmanager
async def directly(llama: Llama) -> AsyncIterator[AsyncOpenAI]:
    """OpenAI's SDK without a gateway."""
    async with AsyncOpenAI(base_url=llama.base_url, api_key=KEY, max_retries=0) as client:
        yield client


async def heard_by(caller: str, way: str, gateway: Gateway, asked: Ask) -> Heard:
    """What a caller hears through the gateway."""
    async with speaking(caller, gateway) as speaker:
        heard: Heard = await getattr(speaker, way)(asked)
        return heard


@on_loop
@every_caller
@both_ways
async def test_every_caller_hears_and_pays_for_what_the_server_says(
    llama: Llama, tmp_path: Path, caller: str, way: str
) -> None:
    async with directly(llama) as client:
        said = await Chat(client).whole(Ask(TEXT))
    async with before(llama, tmp_path) as gateway:
        heard = await heard_by(caller, way, gateway, Ask(TEXT))
        assert said.text
        assert (heard.text, heard.stop) == (said.text, "end")
        assert (heard.input_tokens, heard.output_tokens) == (count(PROMPT), said.output_tokens)
        event = await gateway.event()
        assert (event.input_tokens, event.output_tokens) == (count(PROMPT), said.output_tokens)
        assert (event.outcome, event.attempts) == ("complete", 1)


@on_loop
@every_caller
@both_ways
async def test_a_cap_ends_the_answer_by_length(llama: Llama, tmp_path: Path, caller: str, way: str) -> None:
    async with before(llama, tmp_path) as gateway:
        heard = await heard_by(caller, way, gateway, Ask(TEXT, cap=3))
        assert (heard.stop, heard.output_tokens, len(heard.text)) == ("length", 3, 3)


@on_loop
@every_caller
@both_ways
async def test_a_tool_is_called_with_what_its_schema_allows(
    llama: Llama, tmp_path: Path, caller: str, way: str
) -> None:
    async with before(llama, tmp_path) as gateway:
        called = await heard_by(caller, way, gateway, Ask("How is the weather in Bern?", tool=True))
        assert called.stop == "calls"
        assert called.calls
        for _, name, arguments in called.calls:
            assert name == "get_weather"
            validate(arguments, SCHEMA)
        if way == "whole":
            answered = await heard_by(caller, way, gateway, Ask("How is the weather in Bern?", turn=called))
            assert answered.input_tokens > called.input_tokens
            assert answered.output_tokens > 0


@on_loop
@every_caller
@both_ways
async def test_an_answer_keeps_to_a_schema(llama: Llama, tmp_path: Path, caller: str, way: str) -> None:
    async with before(llama, tmp_path) as gateway:
        heard = await heard_by(caller, way, gateway, Ask("Where?", schema=True))
        assert heard.stop == "end"
        validate(json.loads(heard.text), SCHEMA)


@on_loop
@every_caller
@both_ways
async def test_more_than_the_context_holds_is_refused_in_the_servers_words(
    llama: Llama, tmp_path: Path, caller: str, way: str
) -> None:
    async with before(llama, tmp_path) as gateway:
        with pytest.raises(RefusedError, match="exceeds the available context size") as refused:
            await heard_by(caller, way, gateway, Ask("x" * CONTEXT))
        assert refused.value.status == 400
        assert (await gateway.event()).attempts == 1


@on_loop
async def test_what_only_this_server_knows_is_passed_on(llama: Llama, tmp_path: Path) -> None:
    async with before(llama, tmp_path) as gateway, sdk(gateway) as client:
        grammar: Any = {"grammar": 'root ::= "a signal " ("box" | "cabin")'}
        answer = await client.chat.completions.create(model="plain", messages=QUESTION, extra_body=grammar)
        assert answer.choices[0].message.content in {"a signal box", "a signal cabin"}
        assert answer.model_extra is not None
        assert answer.model_extra["timings"]["predicted_n"] > 0
        with pytest.raises(BadRequestError, match="grammar"):
            await client.chat.completions.create(model="plain", messages=QUESTION, extra_body={"grammar": "root ::= ("})


@on_loop
async def test_a_stop_sequence_ends_the_answer(llama: Llama, tmp_path: Path) -> None:
    async with before(llama, tmp_path) as gateway, sdk(gateway) as client:
        whole = (await client.chat.completions.create(model="plain", messages=QUESTION)).choices[0].message.content
        assert whole
        cut = await client.chat.completions.create(model="plain", messages=QUESTION, stop=whole[3])
        assert cut.choices[0].message.content == whole[: whole.index(whole[3])]
        assert cut.choices[0].finish_reason == "stop"


@on_loop
async def test_a_prompt_without_a_conversation_is_continued(llama: Llama, tmp_path: Path) -> None:
    async with before(llama, tmp_path) as gateway, directly(llama) as straight, sdk(gateway) as client:
        arguments: Any = {"prompt": "A signal box is", "max_tokens": 8}
        expected = await straight.completions.create(model="tiny", **arguments)
        answer = await client.completions.create(model="plain", **arguments)
        assert answer.choices[0].text == expected.choices[0].text
        assert answer.usage == expected.usage
        pieces = [chunk async for chunk in await client.completions.create(model="plain", stream=True, **arguments)]
        assert "".join(choice.text for chunk in pieces for choice in chunk.choices) == expected.choices[0].text
        event = await gateway.event(2)
        assert expected.usage is not None
        assert event.input_tokens == count(arguments["prompt"]) == expected.usage.prompt_tokens
        assert event.output_tokens == expected.usage.completion_tokens


@on_loop
async def test_a_key_that_the_server_does_not_know_is_no_fault_of_the_caller(llama: Llama, tmp_path: Path) -> None:
    async with before(llama, tmp_path, api_key="not-its-key-0123456789") as gateway, sdk(gateway) as client:
        with pytest.raises(InternalServerError) as failed:
            await client.chat.completions.create(model="plain", messages=ask("Hello"))
        assert (failed.value.status_code, failed.value.code) == (502, "upstream_credentials")


@on_loop
async def test_texts_become_the_servers_vectors_in_both_dialects(vectors: Llama, tmp_path: Path) -> None:
    texts = ["points", "a semaphore"]
    async with directly(vectors) as straight:
        expected = await straight.embeddings.create(model="tiny", input=texts, encoding_format="float")
    async with before(vectors, tmp_path) as gateway:
        async with sdk(gateway) as client:
            packed = await client.embeddings.create(
                model="plain", input=texts
            )  # the SDK asks for base64, and unpacks it
            plain = await client.embeddings.create(model="plain", input=texts, encoding_format="float")
        async with google(gateway) as speaking_google:
            told: Any = await speaking_google.models.embed_content(model="plain", contents=texts)
        for heard in (
            [entry.embedding for entry in packed.data],
            [entry.embedding for entry in plain.data],
            [entry.values for entry in told.embeddings],
        ):
            for one, other in zip(heard, expected.data, strict=True):
                assert len(one) == WIDTH
                assert one == pytest.approx(other.embedding, abs=1e-6)
        assert {(await gateway.event(number)).input_tokens for number in (1, 2, 3)} == {expected.usage.prompt_tokens}


@on_loop
async def test_a_server_that_makes_no_vectors_says_so(llama: Llama, tmp_path: Path) -> None:
    async with before(llama, tmp_path) as gateway, sdk(gateway) as client:
        with pytest.raises(InternalServerError, match="does not support embeddings") as refused:
            await client.embeddings.create(model="plain", input="points")
        assert refused.value.status_code == 502
