"""What tests of credentials share: files as texts, and services that answer from a table and remember."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stellwerk.errors import UpstreamUnavailable

NOW = 1_763_900_000.0
SOON = "2025-11-23T13:30:00Z"
DOCUMENT = (
    b'{"Code":"Success","AccessKeyId":"ASIAFETCHED","SecretAccessKey":"fetched","Token":"token",'
    b'"Expiration":"2025-11-23T13:30:00Z"}'
)
STS = (
    b"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>"
    b"<SecretAccessKey>role&amp;secret</SecretAccessKey><SessionToken>\n session== </SessionToken>"
    b"<Expiration>2025-11-23T13:30:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
)


class Files:
    """Reads of a table."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = dict(files)

    def __call__(self, path: str) -> str | None:
        """The text of a file."""
        return self.files.get(path)


class Services:
    """Answers by method and address; what is not in the table is away."""

    def __init__(self, answers: Mapping[tuple[str, str], tuple[int, bytes]]) -> None:
        self.answers = dict(answers)
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []

    async def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """One answer."""
        self.asked.append((method, url, dict(headers), body))
        try:
            return self.answers[method, url]
        except KeyError:
            raise UpstreamUnavailable(f"no route to {url}") from None


def nothing(*_: Any) -> None:
    """A file system without files."""
