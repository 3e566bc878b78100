"""tiktoken itself, which fetches its vocabularies: here it is given those of the library that is compared with it.

It demands that they have the hashes which its authors have written down, so they are the same to the last byte.
"""

from __future__ import annotations

import base64
import hashlib
import os
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import quicktok
import tiktoken

_PLACE = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"
"""Where tiktoken looks for a vocabulary: it keeps it in a file that is named by the hash of this."""


@cache
def oracle(name: str) -> tiktoken.Encoding:
    """The encoding of that name."""
    tokenizer = quicktok.get_encoding(name)
    lines = [
        base64.b64encode(tokenizer.decode_single_token_bytes(rank)) + b" %d\n" % rank
        for rank in range(len(tokenizer.token_byte_values()))
    ]
    with TemporaryDirectory() as folder:
        Path(folder, hashlib.sha1(_PLACE.format(name).encode()).hexdigest()).write_bytes(b"".join(lines))  # noqa: S324
        with mock.patch.dict(os.environ, TIKTOKEN_CACHE_DIR=folder):
            return tiktoken.get_encoding(name)
