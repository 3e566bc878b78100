"""Long prompts are written anew by the compute process under ``stellwerk up``, which is started for that alone."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

from quicktok import get_encoding

from stellwerk.core.optimization import Level
from stellwerk.core.subject import Speaker
from stellwerk.core.vocabulary import O200K
from stellwerk.optimizing.rewriting import Rewriter
from tests.e2e.kit import WEB, WEB_KEY, Gateway, model, provider, server, up
from tests.e2e.test_compute import is_connected

SECTIONS = (server(workers=2), provider("here", "http://127.0.0.1:9/v1"), model("smart", "here"), WEB)
ROWS = json.dumps([{"id": n, "name": f"lamp {n}", "colour": "green"} for n in range(200)], indent=2)


def ask(gateway: Gateway) -> str:
    """What is said of the prompt."""
    body = json.dumps({"model": "smart", "messages": [{"role": "user", "content": ROWS}]})
    host, _, port = gateway.address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    headers = {"authorization": f"Bearer {WEB_KEY}", "content-type": "application/json"}
    connection.request("POST", "/v1/chat/completions", body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.headers["x-stellwerk-optimize"] or ""


def test_a_long_prompt_is_written_anew_and_counted(tmp_path: Path) -> None:
    count = get_encoding(O200K).count
    saved = count(ROWS) - count(Rewriter(Level.BALANCED).rewrite(ROWS, Speaker.USER).text)
    told = f"balanced; saved={saved}; steps=json_minify,json_table"
    with up(tmp_path, '[optimize]\nlevel = "balanced"\n', *SECTIONS) as gateway:
        gateway.until(lambda: is_connected(gateway), "the workers have not found it")
        # the first prompts may be too early: for the process, and for its vocabulary
        gateway.until(lambda: ask(gateway) == told, "it was not written anew, or not counted")
