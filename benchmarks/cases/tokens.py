"""How many tokens a request is at most: by its bytes, and by an estimate."""

from collections.abc import Iterator
from functools import partial

from benchmarks.cases.case import Case
from benchmarks.cases.samples import PARAGRAPH, SIZES, chat_request
from stellwerk.core.prompt_tokens import LEAST_COUNTS, PromptFactors
from stellwerk.core.text_tokens import WINDOW, estimate_window
from stellwerk.core.tokens import bound_body, estimate
from stellwerk.dialects.openai_chat.request import decode


def cases() -> Iterator[Case]:
    """Requests of three sizes, and one step of the estimate of a long one."""
    for size, characters in SIZES.items():
        body = chat_request(characters)
        yield Case(group="tokens", name=f"bound, {size}", call=partial(bound_body, body))
        yield Case(group="tokens", name=f"estimate, {size}", call=partial(estimate, decode(body)))
    factors, long = PromptFactors(), chat_request(max(SIZES.values()))
    for _ in range(2 * LEAST_COUNTS):
        factors.learn(long, len(long) // 4)
    yield Case(group="tokens", name="likely, as learned", call=partial(factors.likely, long))
    yield Case(group="tokens", name="learn one count", call=partial(factors.learn, long, len(long) // 4))
    window = (PARAGRAPH * (WINDOW // len(PARAGRAPH) + 1))[:WINDOW]
    yield Case(group="tokens", name="one step of an estimate", call=partial(estimate_window, window))
    letters = ("स्टेशन मास्टर ने संकेत दिया। " * WINDOW)[:WINDOW]
    yield Case(group="tokens", name="one step, in Hindi", call=partial(estimate_window, letters))
