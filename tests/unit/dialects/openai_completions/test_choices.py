"""How many answers a request has made."""

from __future__ import annotations

import pytest

from stellwerk.dialects.openai_completions.envelope import read_envelope
from stellwerk.errors import InvalidRequest


@pytest.mark.parametrize(
    ("members", "choices"),
    [
        (b'"prompt":"[]"', 1),
        (b'"prompt":null', 1),
        (b'"prompt":[]', 1),
        (b'"prompt":[1,2,3]', 1),
        (b'"prompt":["a","b"]', 2),
        (b'"prompt":[[1,2],[3]],"n":3', 6),
        (b'"prompt":"a","n":2,"best_of":5', 5),
    ],
    ids=str,
)
def test_each_prompt_has_its_own_and_the_best_is_one_of_several(members: bytes, choices: int) -> None:
    assert read_envelope(b'{"model":"m",%b}' % members, max_depth=9).choices == choices


@pytest.mark.parametrize("second", [b'"prompt"', b'"pr\\u006fmpt"'], ids=str)
def test_nobody_can_name_two_prompts(second: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read_envelope(b'{"model":"m","prompt":["a","b"],%b:"a"}' % second, max_depth=9)
