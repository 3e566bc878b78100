"""What the demo shows, step by step, through the official SDK: each step checks what it shows."""

from __future__ import annotations

import json
import sqlite3
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
from anthropic import Anthropic
from google import genai
from openai import APIStatusError, AuthenticationError, NotFoundError, OpenAI

from stellwerk.cli.demo_budget import admin_url, spend_and_revoke
from stellwerk.cli.demo_cache import ask_twice
from stellwerk.cli.demo_guardrails import guard
from stellwerk.cli.demo_optimize import shorten
from stellwerk.cli.demo_prompt_cache import converse

EVENTS_S = 5.0
TOOL: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}},
            "required": ["city", "unit"],
            "additionalProperties": False,
        },
    },
}

INVOICE: Any = {
    "type": "json_schema",
    "json_schema": {
        "name": "invoice",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"number": {"type": "string"}, "total": {"type": "number"}, "paid": {"type": "boolean"}},
            "required": ["number", "total", "paid"],
            "additionalProperties": False,
        },
    },
}


def tell(
    base_url: str, keys: dict[str, str], state: Path, check: Callable[[], None], *, is_quiet: bool
) -> list[dict[str, Any]]:
    """Runs every step, and prints each unless told to be quiet: its name, whether it did what it should, and how.

    ``check`` is called between two steps, and may raise to end the story.
    """
    client = OpenAI(base_url=f"{base_url}/v1", api_key=keys["SHOP_KEY"], max_retries=0)
    steps: list[tuple[str, Callable[[], str]]] = [
        ("models", lambda: _models(client, base_url, keys)),
        ("answer", lambda: _answer(client)),
        ("stream", lambda: _stream(client)),
        ("tool call", lambda: _tool_call(client)),
        ("structured output", lambda: _structured(client)),
        ("four SDKs", lambda: _four_sdks(client, base_url, keys["SHOP_KEY"])),
        ("fallback", lambda: _fallback(client)),
        ("circuit breaker", lambda: _breaker(client)),
        ("cheapest", lambda: _cheapest(client)),
        ("wrong key", lambda: _wrong_key(base_url)),
        ("model not allowed", lambda: _not_allowed(base_url, keys)),
        ("bad request", lambda: _bad_request(client)),
        ("budget and revocation", lambda: spend_and_revoke(base_url, admin_url(state), keys["STELLWERK_ADMIN_TOKEN"])),
        ("guardrails", lambda: guard(client)),
        ("prompt cache", lambda: converse(base_url, keys["SHOP_KEY"])),
        ("fewer tokens", lambda: shorten(client)),
        ("cache", lambda: ask_twice(client, base_url, keys["SHOP_KEY"])),
        ("event log", lambda: _events(state)),
        ("metrics", lambda: _metrics(base_url, keys)),
    ]
    results: list[dict[str, Any]] = []
    for name, step in steps:
        check()
        started = time.monotonic()
        try:
            is_right, detail = True, step()
        except Exception as error:  # noqa: BLE001  # clients of four providers fail in as many ways
            is_right, detail = False, f"{type(error).__name__}: {error}"
        took_ms = (time.monotonic() - started) * 1e3
        results.append({"step": name, "ok": is_right, "detail": detail, "took_ms": round(took_ms, 1)})
        if not is_quiet:
            print(f"{'ok  ' if is_right else 'FAIL'} {name:21} {detail}  [{took_ms:.0f} ms]", flush=True)
    return results


def _models(client: OpenAI, base_url: str, keys: dict[str, str]) -> str:
    mine = [model.id for model in client.models.list()]
    intern = OpenAI(base_url=f"{base_url}/v1", api_key=keys["INTERN_KEY"], max_retries=0)
    theirs = [model.id for model in intern.models.list()]
    wanted = ["smart", "sturdy", "thrifty", "agent", "faq", "private"]
    _expect(mine == wanted and theirs == ["sturdy"], f"{mine} {theirs}")
    return f"the shop may use {', '.join(mine)}; the intern {', '.join(theirs)}"


def _answer(client: OpenAI) -> str:
    raw = client.chat.completions.with_raw_response.create(model="smart", messages=_ask("What is a signal box?"))
    completion = raw.parse()
    usage = completion.usage
    _expect(usage is not None and usage.total_tokens > 0, "no usage")
    provider, model = raw.headers["x-stellwerk-provider"], raw.headers["x-stellwerk-model"]
    tokens, own_ms = usage.total_tokens if usage is not None else 0, raw.headers["x-stellwerk-overhead-ms"]
    return f"{provider} answered as {model} with {tokens} tokens; the gateway itself took {own_ms} ms"


def _stream(client: OpenAI) -> str:
    pieces, first_s, total = [], 0.0, 0
    started = time.monotonic()
    stream = client.chat.completions.create(
        model="smart", messages=_ask("Tell me a story."), stream=True, stream_options={"include_usage": True}
    )
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            first_s = first_s or time.monotonic() - started
            pieces.append(chunk.choices[0].delta.content)
        total = chunk.usage.total_tokens if chunk.usage is not None else total
    _expect(len(pieces) > 1 and total > 0, f"{len(pieces)} pieces, {total} tokens")
    return f"{len(pieces)} pieces, the first after {first_s * 1e3:.0f} ms, {total} tokens"


def _tool_call(client: OpenAI) -> str:
    completion = client.chat.completions.create(
        model="smart", messages=_ask("How is the weather in Bern?"), tools=[TOOL], tool_choice="required"
    )
    calls = completion.choices[0].message.tool_calls or []
    call: Any = calls[0] if calls else None
    _expect(call is not None and "city" in json.loads(call.function.arguments), "no call")
    return f"{call.function.name}({call.function.arguments})"


def _structured(client: OpenAI) -> str:
    completion = client.chat.completions.create(model="smart", messages=_ask("An invoice."), response_format=INVOICE)
    invoice = json.loads(completion.choices[0].message.content or "null")
    _expect(isinstance(invoice, dict) and set(invoice) == {"number", "total", "paid"}, str(invoice))
    return json.dumps(invoice)


def _four_sdks(client: OpenAI, base_url: str, key: str) -> str:
    """One question through the clients of four providers, each with only address and key changed."""
    question = "What is an interlocking? [[say=It keeps trains apart.]]"
    openai = client.chat.completions.create(model="smart", messages=_ask(question)).choices[0].message.content
    with Anthropic(base_url=base_url, api_key=key, max_retries=0) as anthropic:
        message = anthropic.messages.create(model="smart", max_tokens=4_000, messages=_ask(question))
    google = genai.Client(api_key=key, http_options=genai.types.HttpOptions(base_url=base_url))
    aws = boto3.client(
        "bedrock-runtime",
        region_name="eu-central-1",
        endpoint_url=base_url,
        aws_access_key_id=key,
        aws_secret_access_key="unused",  # noqa: S106  # the key stands as the id, and is itself the proof
    )
    turn = {"role": "user", "content": [{"text": question}]}
    answers = {
        "openai": openai,
        "anthropic": "".join(block.text for block in message.content if block.type == "text"),
        "google-genai": google.models.generate_content(model="smart", contents=question).text,
        "boto3": aws.converse(modelId="smart", messages=[turn])["output"]["message"]["content"][-1]["text"],
    }
    google.close()
    aws.close()
    _expect(set(answers.values()) == {"It keeps trains apart."}, str(answers))
    return f"{', '.join(answers)} hear the same answer from one provider: {openai}"


def _fallback(client: OpenAI) -> str:
    raw = client.chat.completions.with_raw_response.create(model="sturdy", messages=_ask("Hello?"))
    provider, attempts = raw.headers["x-stellwerk-provider"], raw.headers["x-stellwerk-attempts"]
    _expect(provider == "south" and attempts == "2", f"{provider} after {attempts}")
    return f"the first provider answered 503, {provider} answered at attempt {attempts}"


def _breaker(client: OpenAI) -> str:
    for failures in range(9):
        raw = client.chat.completions.with_raw_response.create(
            model="sturdy", messages=_ask("Hello?"), max_completion_tokens=5
        )
        if raw.headers["x-stellwerk-attempts"] == "1":
            provider = raw.headers["x-stellwerk-provider"]
            return f"after {failures} more failures the first provider is left alone, and {provider} asked at once"
    raise AssertionError("a provider that always fails is asked again and again")


def _cheapest(client: OpenAI) -> str:
    raw = client.chat.completions.with_raw_response.create(
        model="thrifty", messages=_ask("Hello?"), max_completion_tokens=50
    )
    model, cost = raw.headers["x-stellwerk-model"], raw.headers["x-stellwerk-cost-usd"]
    _expect(model == "gpt-5-mini", model)
    return f"{model} costs less than gpt-5.2, and answered for ${cost}"


def _wrong_key(base_url: str) -> str:
    try:
        OpenAI(base_url=f"{base_url}/v1", api_key="sk-wrong", max_retries=0).models.list()
    except AuthenticationError as error:
        return f"401 {error.body['message'] if isinstance(error.body, dict) else error}"
    raise AssertionError("a wrong key was let in")


def _not_allowed(base_url: str, keys: dict[str, str]) -> str:
    client = OpenAI(base_url=f"{base_url}/v1", api_key=keys["INTERN_KEY"], max_retries=0)
    try:
        client.chat.completions.create(model="smart", messages=_ask("Hello?"))
    except NotFoundError as error:
        return f"404 {error.body['message'] if isinstance(error.body, dict) else error}"
    raise AssertionError("a key used a model that it may not use")


def _bad_request(client: OpenAI) -> str:
    try:
        client.post("/chat/completions", body={"model": "smart", "messages": "Hello?"}, cast_to=object)
    except APIStatusError as error:
        _expect(error.status_code == 400, str(error.status_code))
        return f"400 {error.body['message'] if isinstance(error.body, dict) else error}"
    raise AssertionError("messages that are no list were let through")


def _events(state: Path) -> str:
    """Events are written a moment after the answer: at most a quarter of a second."""
    deadline = time.monotonic() + EVENTS_S
    while True:
        rows = [row for path in sorted(state.glob("events/events-*.db")) for row in _count(path)]
        count, tokens = sum(row[0] for row in rows), sum(row[1] for row in rows)
        if count >= 7 or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    _expect(count >= 7, f"{count} events")
    return f"{count} requests on record, {tokens} tokens"


def _count(path: Path) -> list[tuple[int, int]]:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return list(database.execute("SELECT count(*), coalesce(sum(input_tokens + output_tokens), 0) FROM event"))


def _metrics(base_url: str, keys: dict[str, str]) -> str:
    request = urllib.request.Request(  # noqa: S310  # our own gateway
        f"{base_url}/metrics", headers={"authorization": f"Bearer {keys['STELLWERK_ADMIN_TOKEN']}"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
        lines = [line for line in answer.read().decode().splitlines() if line.startswith("stellwerk_requests_total")]
    _expect(bool(lines), "no request was counted")
    return f"{len(lines)} series of requests, one of them: {lines[0]}"


def _ask(text: str) -> Any:
    return [{"role": "user", "content": text}]


def _expect(is_right: bool, otherwise: str) -> None:  # noqa: FBT001  # reads like assert
    if not is_right:
        raise AssertionError(otherwise)
