"""YAML as plain values, made of PyYAML's events: nothing calls itself, no tag makes an object, aliases are counted."""

from __future__ import annotations

from typing import Any

import yaml

from stellwerk.transfer import documents

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"
_MERGE = "<<"


def load(text: str, max_depth: int, max_values: int) -> Any:
    """The first document of a text; ``None`` for an empty one. Raises ``documents.Unreadable``."""
    builder = _Builder(max_depth, max_values)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.DocumentEndEvent):
                break
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise documents.Unreadable(f"this is not YAML: {error.problem}", mark.line + 1 if mark else 0) from None
    except yaml.YAMLError:
        raise documents.Unreadable("this is not YAML: it holds characters that may not stand in it") from None
    return builder.whole


class _Frame:
    """A mapping or a list that is not whole yet."""

    __slots__ = ("anchor", "key", "merged", "size", "value")

    def __init__(self, value: dict[str, Any] | list[Any], anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.key: str | None = None
        self.merged: list[dict[str, Any]] = []
        self.size = 1


class _Builder:
    """Puts values together as events come."""

    def __init__(self, max_depth: int, max_values: int) -> None:
        self._max_depth = max_depth
        self._max_values = max_values
        self._frames: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._resolver: Any = yaml.resolver.Resolver()
        self._count = 0
        self.whole: Any = None

    def take(self, event: yaml.Event) -> None:
        """One event."""
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.MappingStartEvent():
                self._begin({}, event)
            case yaml.SequenceStartEvent():
                self._begin([], event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._end(event)
            case _:
                pass

    def _begin(self, value: dict[str, Any] | list[Any], event: Any) -> None:
        if self._frames and isinstance(self._frames[-1].value, dict) and self._frames[-1].key is None:
            raise self._fault("a key that is a mapping or a list", event)
        if len(self._frames) >= self._max_depth:
            raise self._fault(f"more than {self._max_depth} mappings and lists inside one another", event)
        if event.tag not in {None, "!", f"{_CORE}map", f"{_CORE}seq"}:
            raise self._fault("a tag that makes other things than text, numbers, mappings and lists", event)
        self._frames.append(_Frame(value, event.anchor))

    def _end(self, event: yaml.Event) -> None:
        frame = self._frames.pop()
        if isinstance(frame.value, dict):
            for merged in frame.merged:  # what a mapping says itself wins, then what was named first
                for name, value in merged.items():
                    frame.value.setdefault(name, value)
        self._place(frame.value, frame.size, frame.anchor, event)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        frame = self._frames[-1] if self._frames else None
        if frame is not None and isinstance(frame.value, dict) and frame.key is None:
            frame.key = str(event.value)
            return
        self._place(self._value(event), 1, event.anchor, event)

    def _alias(self, event: yaml.AliasEvent) -> None:
        if event.anchor not in self._anchors:
            raise self._fault("an alias of something that does not stand before it, or holds it", event)
        value, size = self._anchors[event.anchor]
        self._place(value, size, None, event)

    def _place(self, value: Any, size: int, anchor: str | None, event: yaml.Event) -> None:
        self._count += size
        if self._count > self._max_values:
            raise self._fault(f"more than {self._max_values:,} values, aliases written out", event)
        if anchor is not None:
            self._anchors[anchor] = (value, size)
        if not self._frames:
            self.whole = value
            return
        frame = self._frames[-1]
        frame.size += size
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif frame.key is None:
            raise self._fault("a key that is an alias", event)
        else:
            if frame.key == _MERGE:
                frame.merged += [merged for merged in _listed(value) if isinstance(merged, dict)]
            else:
                frame.value[frame.key] = value
            frame.key = None

    def _value(self, event: yaml.ScalarEvent) -> Any:
        tag = event.tag if event.tag not in {None, "!"} else None
        resolved = tag or self._resolver.resolve(yaml.ScalarNode, event.value, event.implicit)
        if tag is not None and tag.removeprefix(_CORE) not in {"str", "int", "float", "bool", "null"}:
            raise self._fault("a tag that makes other things than text, numbers, mappings and lists", event)
        make = _MAKERS.get(resolved)
        if make is None:
            return str(event.value)
        try:
            return make(yaml.constructor.SafeConstructor(), yaml.ScalarNode(resolved, event.value))
        except (ValueError, KeyError, IndexError, OverflowError):
            raise self._fault("a number or a truth value that is none, or too long", event) from None

    @staticmethod
    def _fault(what: str, event: yaml.Event) -> documents.Unreadable:
        mark: Any = event.start_mark
        return documents.Unreadable(f"this YAML is not read: it has {what}", mark.line + 1 if mark else 0)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


_MAKERS: dict[str, Any] = {
    f"{_CORE}null": yaml.constructor.SafeConstructor.construct_yaml_null,
    f"{_CORE}bool": yaml.constructor.SafeConstructor.construct_yaml_bool,
    f"{_CORE}int": yaml.constructor.SafeConstructor.construct_yaml_int,
    f"{_CORE}float": yaml.constructor.SafeConstructor.construct_yaml_float,
}
"""Times and the like stay text: no setting of other gateways is one."""
