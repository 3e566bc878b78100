"""Serves the HTTP gateway inside TensorZero's wheel, which takes a free port: the port goes into a file.

It runs under the interpreter of TensorZero's own virtual environment, so it imports nothing of this project.
"""

import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

import tensorzero  # type: ignore[import-not-found]


def main(configuration: str, port_file: str) -> None:
    """Start the gateway, write its port, and wait to be ended."""
    gateway = tensorzero._start_http_gateway(  # noqa: SLF001 - the wheel has no public door to its gateway
        config_file=configuration, clickhouse_url=None, postgres_url=None, valkey_url=None, async_setup=False
    )
    Path(port_file).write_text(str(urlsplit(gateway.base_url).port))
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
