"""What became of another gateway's configuration, place by place: carried over, changed in meaning, or left behind.

Of the file's values, findings hold the names of models, providers and variables alone: others could be secrets.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Note:
    """A place in the source, such as ``model_list[0].litellm_params.rpm``, and what there is to say about it."""

    path: str
    text: str


@dataclass
class Findings:
    """Notes in the order in which the source was read, and the environment variables that have to be set."""

    carried: list[Note] = field(default_factory=list)
    changed: list[Note] = field(default_factory=list)
    lost: list[Note] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    """Name to what it is for."""

    def carry(self, path: str, text: str) -> None:
        """It means the same here."""
        self.carried.append(Note(path, text))

    def change(self, path: str, text: str) -> None:
        """It is here, and means something a little different."""
        self.changed.append(Note(path, text))

    def lose(self, path: str, text: str) -> None:
        """It is not here; the text says what to do instead."""
        self.lost.append(Note(path, text))
