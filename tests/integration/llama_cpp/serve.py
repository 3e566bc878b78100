"""llama.cpp's own server, with the model of a file, until standard input ends. It says where it listens."""

import sys

import xllamacpp  # type: ignore[import-untyped]

SEED = 11
"""Replies are drawn by chance, and the same ones each time."""


def main(model: str, context: str, api_key: str, purpose: str) -> None:
    """Serves what ``purpose`` says: ``chats``, or ``embeddings`` besides."""
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {"tiny"}
    params.n_ctx = int(context)
    params.n_parallel = 1
    params.cpuparams.n_threads = 1
    params.cache_prompt = False  # what was asked before must not show
    params.sampling.seed = SEED
    if purpose == "embeddings":
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    params.port = 0
    params.api_keys = [api_key]
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)  # noqa: T201 (the answer to whoever started this)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
