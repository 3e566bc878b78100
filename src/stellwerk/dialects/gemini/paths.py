"""Paths of Google's API: ``/v1beta/models/{model}:{action}``, and where Vertex AI has the same."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

import msgspec

GENERATE = "generateContent"
STREAM = "streamGenerateContent"
COUNT = "countTokens"
EMBED = "embedContent"
EMBED_BATCH = "batchEmbedContents"
ACTIONS = (GENERATE, STREAM, COUNT, EMBED, EMBED_BATCH)

_CALL = re.compile(r"/(?:v1|v1beta|v1alpha|v1beta1)/(?:[\w.\-%/]+/)?(models|tunedModels)/([^/:?]+(?::[^/:?]+)?):(\w+)")
_SAFE = "/-._~:@"


class Operation(msgspec.Struct, frozen=True, gc=False):
    """What a caller asks of which model. ``is_sse``: its stream comes as events rather than as an array."""

    model: str
    action: str
    is_sse: bool = False


def read_path(path: str, query: str = "") -> Operation | None:
    """The operation of a request target; ``None`` for a path that is none of this dialect's.

    A model's name loses its ``models/``; a tuned model keeps its ``tunedModels/``.
    """
    found = _CALL.fullmatch(path)
    if found is None or found[3] not in ACTIONS:
        return None
    name = unquote(found[2])
    return Operation(name if found[1] == "models" else f"{found[1]}/{name}", found[3], "alt=sse" in query.split("&"))


def resource(model: str) -> str:
    """The resource name of a model: ``models/…`` unless it names another collection itself."""
    return model if "/" in model else f"models/{model}"


def write_path(prefix: str, name: str, action: str, *, is_sse: bool = True) -> bytes:
    """The request target of an action on a resource under a prefix such as ``/v1beta/``."""
    query = "?alt=sse" if action == STREAM and is_sse else ""
    return f"{prefix}{quote(name, safe=_SAFE)}:{action}{query}".encode()
