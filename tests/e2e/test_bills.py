"""The bill of a request that went through the gateway, as the command line computes it again."""

import json
import subprocess
import sys
from pathlib import Path

from stellwerk.simulator.process import Simulator
from tests.e2e.callers import ask
from tests.e2e.kit import WEB, provider, server, up

MODEL = """
[[models]]
name = "smart"

[[models.targets]]
provider = "north"
model = "gpt-5.2"
prices = [{ input = 1.5, cache_read = 0.15, output = 3 }]
"""


def test_a_bill_comes_out_the_same_when_it_is_computed_again(north: Simulator, tmp_path: Path) -> None:
    with up(tmp_path, server(workers=1), provider("north", north.base_url), MODEL, WEB) as gateway:
        assert ask(gateway.address).status == 200
        gateway.until(lambda: len(gateway.recorded()) == 1)
        (event,) = gateway.recorded()
        show = [sys.executable, "-m", "stellwerk", "events", "show", event["request_id"], "--json"]
        done = subprocess.run(
            [*show, "--config", str(tmp_path / "stellwerk.toml")], capture_output=True, check=True, timeout=60
        )
        gateway.stop()
    bill = json.loads(done.stdout)["bill"]
    assert event["price_version"].startswith("own ")
    assert bill["basis"] == "price times usage"
    assert (
        bill["computed_nanos"]
        == bill["counted_nanos"]
        == event["input_tokens"] * 1_500 + event["output_tokens"] * 3_000
    )
