"""Reading a text takes time in proportion to it, also where it is made to look like the beginning of every encoding."""

import time

import pytest

from stellwerk.text.reading import read

SHORT, FACTOR = 8_000, 4
WORST = {
    "lone letters": "a ",
    "lone letters and stops": "a . ",
    "stops": "a.....",
    "half a mark": "*a",
    "marks": "*a* ",
    "ticks": "`",
    "half an assignment": "a='",
    "assignments": 'a="b" ',
    "assignments without an end": 'a = "b',
    "hex": "ff ",
    "base64": "QUJD",
    "escapes": "\\u0041",
    "entities": "&#65;",
    "digits for letters": "a4a ",
    "combining": "a\u0336",
    "tags": "\U000e0041",
}


def taken(text: str) -> float:
    """The shortest of several runs, so that others on the machine count little."""
    times = []
    for _ in range(3):
        before = time.process_time()
        read(text)
        times.append(time.process_time() - before)
    return min(times)


@pytest.mark.parametrize("name", WORST)
def test_four_times_the_text_takes_no_more_than_about_four_times_as_long(name: str) -> None:
    piece = WORST[name]
    short = piece * (SHORT // len(piece))
    assert taken(short * FACTOR) < taken(short) * FACTOR * 2.5 + 0.01
