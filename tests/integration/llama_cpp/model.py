"""A language model of random weights, small enough to be made anew for each run, and always the same.

It has llama's architecture, two layers, and a vocabulary of bytes, so that how many tokens a text has is known. The
file is in GGUF, the format of llama.cpp: typed keys and descriptions of tensors, then the tensors, aligned.
"""

from __future__ import annotations

import random
import struct
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SEED = 7
CONTEXT = 8192
"""Tokens, the reply's included."""
WIDTH = 64
TEMPLATE = Path(__file__).with_name("template.jinja")
"""How a conversation becomes the text that the model continues: ChatML, with calls of tools as Hermes and Qwen have."""

_HEADS, _LAYERS, _INNER = 4, 2, 128
_ALIGNMENT = 32
_SPECIAL = ("<unk>", "<s>", "</s>")
_PIECES = ("▁", "<tool_call>", "ä", "→", "駅", "🚦")
"""What has a token of its own: the blank as the tokenizer writes it, and what lets replies hold calls and umlauts."""
_TOKENS = (*_SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256)), *_PIECES)
_UNKNOWN, _CONTROL, _BYTE, _NORMAL = 2, 3, 6, 1
_KINDS = (_UNKNOWN, _CONTROL, _CONTROL, *[_BYTE] * 256, *[_NORMAL] * len(_PIECES))
_UINT32, _INT32, _FLOAT, _BOOL, _TEXT, _ARRAY = 4, 5, 6, 7, 8, 9
_CONSTANT = 4.0
"""What every token has in its first dimension, where the output weighs it: so a token can be likelier than others."""


def count(text: str) -> int:
    """How many tokens a prompt has that is made of bytes alone, with the one that begins it."""
    return 1 + len(text.encode())


class Tensor(NamedTuple):
    """One matrix or vector; ``shape`` has the contiguous dimension first."""

    name: str
    shape: tuple[int, ...]
    values: array[float]


def write(path: Path) -> None:
    """Writes the model; the same file each time."""
    tensors = list(_tensors(random.Random(SEED)))
    keys = list(_keys())
    head = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(keys)), *keys]
    offset = 0
    for tensor in tensors:
        shape = struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape)
        head.append(_text(tensor.name) + shape + struct.pack("<IQ", 0, offset))
        offset += len(_padded(tensor.values.tobytes()))
    path.write_bytes(_padded(b"".join(head)) + b"".join(_padded(tensor.values.tobytes()) for tensor in tensors))


def _tensors(source: random.Random) -> Iterator[Tensor]:
    def matrix(name: str, across: int, down: int, reach: float) -> Tensor:
        return Tensor(name, (across, down), array("f", (source.uniform(-reach, reach) for _ in range(across * down))))

    def ones(name: str) -> Tensor:
        return Tensor(name, (WIDTH,), array("f", [1.0] * WIDTH))

    yield _with_first(matrix("token_embd.weight", WIDTH, len(_TOKENS), 1.0), [_CONSTANT] * len(_TOKENS))
    for layer in range(_LAYERS):
        yield ones(f"blk.{layer}.attn_norm.weight")
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield matrix(f"blk.{layer}.{part}.weight", WIDTH, WIDTH, 0.2)
        yield ones(f"blk.{layer}.ffn_norm.weight")
        yield matrix(f"blk.{layer}.ffn_gate.weight", WIDTH, _INNER, 0.2)
        yield matrix(f"blk.{layer}.ffn_up.weight", WIDTH, _INNER, 0.2)
        yield matrix(f"blk.{layer}.ffn_down.weight", _INNER, WIDTH, 0.2)
    yield ones("output_norm.weight")
    output = matrix("output.weight", WIDTH, len(_TOKENS), 0.15)
    yield _with_first(output, [_liking(token) for token in range(len(_TOKENS))])


def _with_first(tensor: Tensor, values: list[float]) -> Tensor:
    tensor.values[::WIDTH] = array("f", values)
    return tensor


def _liking(token: int) -> float:
    """Bytes that are no text are never said; replies and strings end, and calls begin, sooner than by chance."""
    word = _TOKENS[token]
    if word in {"<unk>", "<s>"} or (_KINDS[token] == _BYTE and not 0x20 < token - len(_SPECIAL) <= 0x7E):
        return -4.0
    return {"<0x22>": 0.6, "<tool_call>": 0.3, "</s>": 0.65}.get(word, 0.0)


def _keys() -> Iterator[bytes]:
    yield _key("general.architecture", _TEXT, _text("llama"))
    yield _key("general.name", _TEXT, _text("tiny"))
    for name, number in (
        ("context_length", CONTEXT),
        ("embedding_length", WIDTH),
        ("block_count", _LAYERS),
        ("feed_forward_length", _INNER),
        ("attention.head_count", _HEADS),
        ("attention.head_count_kv", _HEADS),
        ("rope.dimension_count", WIDTH // _HEADS),
        ("vocab_size", len(_TOKENS)),
    ):
        yield _key(f"llama.{name}", _UINT32, struct.pack("<I", number))
    yield _key("llama.attention.layer_norm_rms_epsilon", _FLOAT, struct.pack("<f", 1e-5))
    yield _key("tokenizer.ggml.model", _TEXT, _text("llama"))
    yield _key("tokenizer.ggml.tokens", _ARRAY, _array(_TEXT, [_text(token) for token in _TOKENS]))
    yield _key("tokenizer.ggml.scores", _ARRAY, _array(_FLOAT, [struct.pack("<f", 0.0)] * len(_TOKENS)))
    yield _key("tokenizer.ggml.token_type", _ARRAY, _array(_INT32, [struct.pack("<i", kind) for kind in _KINDS]))
    for name, token in (("unknown", 0), ("bos", 1), ("eos", 2)):
        yield _key(f"tokenizer.ggml.{name}_token_id", _UINT32, struct.pack("<I", token))
    yield _key("tokenizer.ggml.add_space_prefix", _BOOL, b"\0")
    yield _key("tokenizer.chat_template", _TEXT, _text(TEMPLATE.read_text(encoding="utf-8")))


def _key(name: str, kind: int, value: bytes) -> bytes:
    return _text(name) + struct.pack("<I", kind) + value


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _array(kind: int, items: list[bytes]) -> bytes:
    return struct.pack("<IQ", kind, len(items)) + b"".join(items)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGNMENT)
