"""Whatever the neutral form can say goes out in every dialect as that dialect has it, or is refused by name."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.loss import judge
from stellwerk.core.part import Text
from stellwerk.errors import InvalidRequest
from tests.golden.matrix import SIDES, Side
from tests.property.requests import REQUESTS

EACH_SIDE = pytest.mark.parametrize("side", SIDES, ids=lambda side: side.name)


@EACH_SIDE
@given(REQUESTS)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
def test_any_request_is_encoded_or_refused(side: Side, asked_for: ChatRequest) -> None:
    asked = msgspec.structs.replace(asked_for, model=side.model)
    with contextlib.suppress(InvalidRequest):
        judge(side.losses, asked)
        body = side.encode(asked)
        side.dialect.decode(side.envelope(body))
