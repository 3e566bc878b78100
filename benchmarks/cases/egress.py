"""What the egress policy costs for each new connection and each fetched URL; a resting connection asks nobody."""

from collections.abc import Iterator

from benchmarks.cases.case import Case
from stellwerk.core.egress_policy import Policy
from stellwerk.core.snapshot import EgressSpec
from stellwerk.core.wire import Origin
from stellwerk.egress.guard import Guard

ENTRIES = 1_000
URL = "https://bedrock-runtime.eu-central-1.amazonaws.com/model/anthropic.claude/converse?trace=on"


def cases() -> Iterator[Case]:
    """Decisions under a policy with a thousand entries."""
    allow = ("*.amazonaws.com", "10.0.0.5:8000", *(f"host-{number}.example.com" for number in range(ENTRIES)))
    spec = EgressSpec(allow=allow, private=("10.0.0.5=10.0.0.0/24",))
    origins = [Origin("https", "api.anthropic.com", 443), Origin("http", "127.0.0.1", 8000)]
    guard = Guard(Policy.of(spec, origins), lambda: 0.0)
    check = guard.check
    yield Case(group="egress", name="URL", call=lambda: guard.judge_url(URL))
    yield Case(group="egress", name="provider", call=lambda: check("api.anthropic.com", "160.79.104.10", 443))
    yield Case(group="egress", name="suffix", call=lambda: check("s3.eu-central-1.amazonaws.com", "3.5.6.7", 443))
    yield Case(group="egress", name="IPv6", call=lambda: check("host-7.example.com", "2606:4700::6812:7c0", 443))
    yield Case(group="egress", name="literal", call=lambda: check("127.0.0.1", "127.0.0.1", 8000))
    yield Case(group="egress", name="pair", call=lambda: check("10.0.0.5", "10.0.0.5", 8000))
    yield Case(group="egress", name="not listed", call=lambda: check("inside.example.org", "3.5.6.7", 443))
    yield Case(group="egress", name="turned inward", call=lambda: check("host-7.example.com", "169.254.169.254", 443))
