"""Finds a plugin by its kind and name, checks its options, and builds it.

A kind is a shelf: a folder of the package in which every file is one interchangeable thing. Third parties put theirs on
the same shelf through the entry point group ``stellwerk.KIND``, whose values are modules of the same form; a name of
our own cannot be taken over. Such a module exports ``Settings`` (a frozen ``msgspec.Struct`` that forbids unknown
fields), ``build(settings, ...)``, where some options are secrets their names as ``SECRETS``, and where some name files
that ``build`` reads theirs as ``FILES``. An embedder that asks a service says ``ASKS_A_SERVICE = True``.

Modules are imported by name here and nowhere else: this is the one edge that points upward in the house.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from types import ModuleType
from typing import Any

import msgspec

from stellwerk.core.optimization import Level
from stellwerk.errors import ConfigurationError

KINDS = (
    "providers",
    "strategies",
    "buses",
    "stores",
    "counters",
    "caches",
    "notifiers",
    "guardrails",
    "embedders",
    "optimizers",
)
"""The shelves of this version."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def names(kind: str) -> tuple[str, ...]:
    """Everything on a shelf, in alphabetical order: our own and what is installed beside it."""
    return tuple(sorted({*shelf(kind), *_guests(kind)}))


def shelf(kind: str) -> tuple[str, ...]:
    """Our own files on a shelf, in alphabetical order."""
    if kind not in KINDS:
        raise ConfigurationError((f"expected a kind of plugin ({', '.join(KINDS)}), found {kind!r}",))
    folder = importlib.import_module(f"stellwerk.{kind}")
    found = (module.name for module in pkgutil.iter_modules(folder.__path__))
    return tuple(sorted(name for name in found if _NAME.fullmatch(name)))


def settings(kind: str, name: str) -> type[msgspec.Struct]:
    """The type of a plugin's options. Raises ``ConfigurationError`` for a plugin that does not exist or cannot load."""
    declared: type[msgspec.Struct] = _module(kind, name).Settings
    return declared


def secrets(kind: str, name: str) -> tuple[str, ...]:
    """Names of the plugin's options that hold secrets."""
    return tuple(getattr(_module(kind, name), "SECRETS", ()))


def files(kind: str, name: str) -> tuple[str, ...]:
    """Names of the plugin's options that hold paths of files."""
    return tuple(getattr(_module(kind, name), "FILES", ()))


def asks_a_service(kind: str, name: str) -> bool:
    """Whether a plugin is one that asks a service, as far as it says so, without building it."""
    return bool(getattr(_module(kind, name), "ASKS_A_SERVICE", False))


def default_action(check: str) -> str:
    """What becomes of what a check finds where nothing else is said."""
    return str(getattr(_module("guardrails", check), "ACTION", "block"))


def default_actions(check: str) -> dict[str, str]:
    """The same for single categories."""
    return dict(getattr(_module("guardrails", check), "ACTIONS", {}))


def level(optimizer: str) -> Level:
    """The lowest level at which an optimizer runs."""
    found: Level = build("optimizers", optimizer, {}).level  # type: ignore[attr-defined]  # every optimizer has it
    return found


def build(kind: str, name: str, options: Mapping[str, Any], **given: Any) -> object:
    """Makes the plugin from its options, secrets among them by value, and from what its ``build`` takes besides.

    Raises ``ConfigurationError`` for options that the plugin's ``Settings`` refuse; the message holds none of the
    plugin's secrets.
    """
    module = _module(kind, name)
    return module.build(convert(kind, name, options), **given)


def convert(kind: str, name: str, options: Mapping[str, Any]) -> msgspec.Struct:
    """Options as the plugin's ``Settings``. Raises ``ConfigurationError`` like ``build``."""
    try:
        return msgspec.convert(dict(options), settings(kind, name), strict=True)
    except msgspec.ValidationError as error:
        found = str(error)
        values = (value for option in secrets(kind, name) if (value := options.get(option)))
        reason = "its settings refuse these options" if any(str(value) in found for value in values) else found
    raise ConfigurationError((f"{kind}/{name}: {reason}",))


def _module(kind: str, name: str) -> ModuleType:
    load: Callable[[], ModuleType]
    if name in shelf(kind):
        load = partial(importlib.import_module, f"stellwerk.{kind}.{name}")
    elif name in (guests := _guests(kind)):
        load = guests[name].load
    else:
        raise ConfigurationError((_unknown(kind, name),))
    try:
        module = load()
    except Exception as error:  # a package that is missing, or the code of others, which may fail in any way
        raise ConfigurationError((f"{kind}/{name}: the plugin cannot be loaded: {error!r}",)) from error
    if fault := _fault(module):
        raise ConfigurationError((f"{kind}/{name}: {module.__name__} is no plugin: {fault}",))
    return module


def _fault(module: ModuleType) -> str:
    declared = getattr(module, "Settings", None)
    if not (isinstance(declared, type) and issubclass(declared, msgspec.Struct)):
        return "it exports no msgspec.Struct as Settings"
    config = declared.__struct_config__
    if not (config.frozen and config.forbid_unknown_fields):
        return "its Settings are not frozen, or allow unknown fields"
    return "" if callable(getattr(module, "build", None)) else "it exports no function build"


def _guests(kind: str) -> dict[str, Any]:
    return _installed(f"stellwerk.{kind}", tuple(sys.path))


@lru_cache(maxsize=2 * len(KINDS))
def _installed(group: str, _path: tuple[str, ...]) -> dict[str, Any]:
    """Entry points of a group. Every package on the path is asked, so the answer is kept as long as the path is."""
    # Imported late: it takes 50 ms to load, and a worker with plugins of our own alone never needs it.
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=group)}


def _unknown(kind: str, name: str) -> str:
    from difflib import get_close_matches

    choices = names(kind)
    close = get_close_matches(name, choices, n=1)
    return (
        f"{kind}: there is no {name!r}, only {', '.join(choices) or 'nothing'}"
        f"{f'; did you mean {close[0]!r}?' if close else ''}"
    )
