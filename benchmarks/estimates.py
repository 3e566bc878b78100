"""How far estimates of a prompt's tokens are off before anything was learned, and after; exact counts are the truth.

The texts are the repository's own: its documentation, its code, its JSON, and a few pages in other languages. Each
becomes many requests, of which a model is asked one after the other; the error of each is taken before its count is
learned. A model with another vocabulary stands for all those whose vocabulary is not public.
"""

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean

import quicktok

from benchmarks.machine import this_machine
from stellwerk.core.prompt_tokens import PromptFactors

ROOT = Path(__file__).parent.parent
SYSTEM = "You are a helpful assistant."
SOURCES = {
    "prose, English": ("docs", "*.md"),
    "prose, German": ("benchmarks/texts", "german.txt"),
    "Chinese": ("benchmarks/texts", "chinese.txt"),
    "Japanese": ("benchmarks/texts", "japanese.txt"),
    "Russian": ("benchmarks/texts", "russian.txt"),
    "code, Python": ("src", "*.py"),
    "code, C": ("benchmarks/kit", "*.[ch]"),
    "JSON": ("docs", "*.json"),
}
MODELS = {"o200k_base": "the vocabulary of the weights", "cl100k_base": "another vocabulary"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the mean absolute error of each kind of text, in percent."""
    options = _options(arguments)
    print(f"{this_machine().line()}\n\n{options.requests} requests of each kind; errors in percent of the truth\n")
    print("| text | counted in | bytes / 4 | before | after 50 | last half |\n| --- | --- | --: | --: | --: | --: |")
    for vocabulary, what in MODELS.items():
        for name, (folder, pattern) in SOURCES.items():
            text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / folder).rglob(pattern)))
            for is_escaped in (False, True) if not text.isascii() and name[0] not in "pc" else (False,):
                errors = _errors(text, vocabulary, options, is_escaped=is_escaped)
                print(_row(name + ", escaped" * is_escaped, what, errors))
    return 0


def _errors(text: str, vocabulary: str, options: argparse.Namespace, *, is_escaped: bool) -> list[tuple[float, ...]]:
    """For each request in turn: the error of a quarter of its bytes, of the estimate as it began, and as it was."""
    count, draw = quicktok.get_encoding(vocabulary).count, random.Random(options.seed)
    factors, errors = PromptFactors(), []
    for passage in _passages(text, draw, options.requests):
        body, truth = _request(passage, is_escaped=is_escaped), 9 + count(SYSTEM) + count(passage)
        guesses = (len(body) // 4, PromptFactors().likely(body), factors.likely(body))
        errors.append(tuple(abs(guess - truth) / truth * 100 for guess in guesses))
        factors.learn(body, truth)
    return errors


def _passages(text: str, draw: random.Random, number: int) -> Iterator[str]:
    """Pieces of a text, mostly short ones and some long."""
    for _ in range(number):
        size = int(min(20_000, 200 * draw.paretovariate(0.9)))
        begin = draw.randrange(max(1, len(text) - size))
        yield text[begin : begin + size]


def _request(passage: str, *, is_escaped: bool) -> bytes:
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": passage}]
    return json.dumps({"model": "m", "messages": messages}, ensure_ascii=is_escaped, separators=(",", ":")).encode()


def _row(name: str, what: str, errors: list[tuple[float, ...]]) -> str:
    quarter, before, _ = (fmean(column) for column in zip(*errors, strict=True))
    after = fmean(each[2] for each in errors[50:])
    last = fmean(each[2] for each in errors[len(errors) // 2 :])
    return f"| {name} | {what} | {quarter:.1f} | {before:.1f} | {after:.1f} | {last:.1f} |"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks estimates", description=__doc__)
    parser.add_argument("--requests", type=int, default=400, help="of each kind of text (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the passages that are drawn (default: %(default)s)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
