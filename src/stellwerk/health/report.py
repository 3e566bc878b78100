"""What the checks found, as values and as text."""

from __future__ import annotations

import enum

import msgspec


class State(enum.Enum):
    """What a check says."""

    OK = "ok"
    WARN = "warn"
    """It works, but somebody should look."""
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True):
    """One check's result; ``took_ms`` is how long it took."""

    name: str
    state: State
    detail: str
    took_ms: float = 0.0


class Report(msgspec.Struct, frozen=True):
    """All findings, in the order of the checks."""

    findings: tuple[Finding, ...]
    took_ms: float

    @property
    def is_healthy(self) -> bool:
        """Whether nothing has failed."""
        return all(finding.state is not State.FAIL for finding in self.findings)

    def text(self) -> str:
        """A line each, and a verdict."""
        width = max((len(finding.name) for finding in self.findings), default=0)
        lines = [
            f"{finding.state.value:4}  {finding.name:{width}}  {finding.detail} ({finding.took_ms:.0f} ms)"
            for finding in self.findings
        ]
        return "\n".join([*lines, f"{'healthy' if self.is_healthy else 'not healthy'}, in {self.took_ms:.0f} ms"])

    def json(self) -> bytes:
        """The same for programs."""
        findings = [msgspec.to_builtins(finding) for finding in self.findings]
        return msgspec.json.encode({"healthy": self.is_healthy, "took_ms": self.took_ms, "findings": findings})
