"""A step of the demo: a key with a hard budget is made while the gateway runs, spent by a crowd, and revoked."""

from __future__ import annotations

import json
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

from openai import APIStatusError, AuthenticationError, OpenAI

BUDGET_USD = "0.01"
CALLERS = 12
WITHIN_S = 5.0


def admin_url(state: Path) -> str:
    """Where the admin API of the installation listens that has this state directory."""
    address = json.loads((state / "run.json").read_text(encoding="utf-8"))["addresses"]["admin"]
    return f"http://{address}/admin/v1"


def spend_and_revoke(base_url: str, admin: str, token: str) -> str:
    """What happened. Raises ``AssertionError`` where it is not what should."""
    asked = {"name": "campaign", "models": ["smart"], "budgets": [{"limit_usd": BUDGET_USD, "period": "day"}]}
    made = _administer("POST", f"{admin}/keys", token, asked)
    client = OpenAI(base_url=f"{base_url}/v1", api_key=made["key"], max_retries=0)
    known_s = _until_known(client)
    with ThreadPoolExecutor(CALLERS) as crowd:
        costs = list(crowd.map(lambda _: _cost(client), range(CALLERS)))
    paid = [cost for cost in costs if cost is not None]
    spent = sum(paid, Decimal())
    if not 0 < len(paid) < CALLERS or spent > Decimal(BUDGET_USD):
        raise AssertionError(f"{len(paid)} of {CALLERS} were answered, for ${spent}")
    _administer("DELETE", f"{admin}/keys/{made['id']}", token)
    revoked_s = _until_unknown(client)
    return (
        f"of {CALLERS} callers at once {len(paid)} were answered for ${spent}, {CALLERS - len(paid)} got 402: "
        f"${BUDGET_USD} cannot be overspent; made in {known_s * 1e3:.0f} ms, revoked in {revoked_s * 1e3:.0f} ms"
    )


def _administer(method: str, url: str, token: str, body: dict[str, Any] | None = None) -> Any:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json", "if-match": "*"}
    content = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, content, headers, method=method)  # noqa: S310  # our own API
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        told = answer.read()
    return json.loads(told) if told else None


def _cost(client: OpenAI) -> Decimal | None:
    """What one answer cost; ``None`` where the budget could not pay for it."""
    question: Any = [{"role": "user", "content": "Write me a slogan."}]
    try:
        raw = client.chat.completions.with_raw_response.create(
            model="smart", messages=question, max_completion_tokens=200
        )
    except APIStatusError as error:
        if error.status_code != 402:
            raise
        return None
    return Decimal(raw.headers["x-stellwerk-cost-usd"])


def _until_known(client: OpenAI) -> float:
    """Seconds until the workers know the key."""
    return _until(client, is_known=True)


def _until_unknown(client: OpenAI) -> float:
    """Seconds until no worker knows it any more, as far as ten requests can tell."""
    return _until(client, is_known=False)


def _until(client: OpenAI, *, is_known: bool) -> float:
    began = time.monotonic()
    in_a_row = 0
    while in_a_row < 10:
        if time.monotonic() - began > WITHIN_S:
            raise AssertionError("workers do not follow")
        try:
            client.models.list(extra_headers={"connection": "close"})  # the next one may come to another worker
        except AuthenticationError:
            in_a_row = 0 if is_known else in_a_row + 1
        else:
            in_a_row = in_a_row + 1 if is_known else 0
    return time.monotonic() - began
