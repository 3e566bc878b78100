"""Strings that betray a need: whole ones, in either spelling that JSON has."""

import pytest

from stellwerk.dialects.markers import ALWAYS, Markers
from stellwerk.dialects.openai_completions.needs import may_need as completions_may_need

MARKERS = Markers({"vision": ("image_url",), "files": ("file", "file.pdf"), "streaming": ALWAYS})


@pytest.mark.parametrize(
    ("body", "capabilities", "may_need"),
    [
        (b'{"type": "image_url"}', ("vision",), True),
        (b'{"type": "image_url"}', ("files", "vision"), True),
        (b'{"type": "image_url"}', ("files",), False),
        (b'{"type": "an_image_url", "image_urls": "image_url of"}', ("vision",), False),
        (b'{"type": "file_pdf"}', ("files",), False),
        (b'{"type": "file.pdf"}', ("files",), True),
        (b'{"type": "im\\u0061ge_url"}', ("vision",), True),
        (b'{"type": "image\\u005Furl"}', ("vision",), True),
        (b'{"text": "gr\\u00fc\\u00DF \\u4f60 \\u0020 \\n"}', ("vision", "files"), False),
        (b"{}", ("streaming",), True),
        (b'{"type": "im\\u0061ge_url"}', ("telepathy",), False),
        (b'{"type": "im\\u0061ge_url"}', (), False),
    ],
)
def test_a_need_shows_as_its_string(body: bytes, capabilities: tuple[str, ...], may_need: bool) -> None:
    assert MARKERS.may_need(body, *capabilities) is may_need


def test_a_completion_can_only_be_streamed() -> None:
    assert completions_may_need(b'{"stream":true}', "streaming", "vision")
    assert not completions_may_need(b'{"prompt":"image_url"}', "streaming", "vision")


LISTED = Markers({"vision": ("image_url",), "json_schema": ("json_schema",)}, listed=("vision",))


def test_what_stands_in_a_list_of_its_own_is_not_sought_where_there_is_none() -> None:
    text = b'{"messages": [{"content": "say "image_url"", "x": "image_url"}]}'
    parts = b'{"messages": [{"content": [{"type": "image_url"}]}]}'
    assert not LISTED.may_need(text, "vision")
    assert not LISTED.may_need(text, "vision", "telepathy")
    assert LISTED.may_need(text, "vision", "json_schema")
    assert LISTED.may_need(parts, "vision")
