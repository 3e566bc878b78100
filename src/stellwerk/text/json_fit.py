"""JSON Schemas as tests of values: the part of draft 2020-12 that is kept in time in proportion to the value.

Everything else is refused with its place, instead of being passed over: a rule that is not checked must not look as if
it were. Annotations (``title``, ``description``, ``default``, ``format``, …) say nothing of what fits.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sized
from fractions import Fraction
from typing import Any
from urllib.parse import unquote

from stellwerk.core.conformance import is_equal, type_of


class UnusableSchema(ValueError):
    """A schema that is malformed, or asks for what is not supported; the message begins with the place."""


Known = dict[tuple[int, str], bool]
"""Which values fit which definitions, of one run: what is referred to from many places is judged once."""
Test = Callable[[Any, Known], bool]
Pattern = Callable[[str], Callable[[str], bool]]
"""Makes a test of strings of a regular expression, or raises ``ValueError``."""

_ANNOTATIONS = (
    "$schema $id $comment $defs definitions title description default examples format deprecated readOnly writeOnly "
    "contentMediaType contentEncoding"
)
ANNOTATIONS = frozenset(_ANNOTATIONS.split())
_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
_DEEPEST = 100


def compiled(schema: object, pattern: Pattern) -> Callable[[Any], bool]:
    """The schema as a test. Raises ``UnusableSchema`` for one that is malformed, or asks for what is not supported.

    The test raises ``RecursionError`` for values that are nested more deeply than Python can follow.
    """
    compiler = _Compiler(schema, pattern)
    test = compiler.test(schema, "#", 0)
    compiler.refuse_circles()
    return lambda value: test(value, {})


class _Compiler:
    """One schema on its way to a test: what is referred to is compiled once."""

    def __init__(self, root: object, pattern: Pattern) -> None:
        self.pattern = pattern
        self._root = root
        self._targets: dict[str, list[Test]] = {}
        self._owner = "#"
        self._refers: dict[str, set[str]] = {}  # from what to what on the same value

    def test(self, schema: object, at: str, depth: int) -> Test:
        """The test of a schema that judges the same value as the one around it."""
        if isinstance(schema, bool):
            return _anything if schema else _nothing
        if not isinstance(schema, dict):
            raise UnusableSchema(f"{at}: expected a schema, found {type_of(schema)}")
        for name in schema:
            if name not in _KEYWORDS and name not in ANNOTATIONS:
                raise UnusableSchema(f"{at}: {name!r} is not supported")
        if depth > _DEEPEST:
            raise UnusableSchema(f"{at}: the schema is nested too deeply")
        tests = [
            keyword(self, schema, f"{at}/{name}", depth + 1) for name, keyword in _KEYWORDS.items() if name in schema
        ]
        return tests[0] if len(tests) == 1 else lambda value, known: all(test(value, known) for test in tests)

    def inner(self, schema: object, at: str, depth: int) -> Test:
        """The test of a schema that judges a part of the value."""
        owner, self._owner = self._owner, at
        test = self.test(schema, at, depth)
        self._owner = owner
        return test

    def reference(self, schema: dict[str, Any], at: str, depth: int) -> Test:
        """The test of what ``$ref`` points to."""
        to = schema["$ref"]
        if not isinstance(to, str) or not (to == "#" or to.startswith("#/")):
            raise UnusableSchema(f"{at}: expected a reference into the schema itself, found {to!r}")
        self._refers.setdefault(self._owner, set()).add(to)
        if to not in self._targets:
            box = self._targets[to] = []
            owner, self._owner = self._owner, to
            box.append(self.test(_pointed(self._root, to, at), to, depth))
            self._owner = owner
        return _remembered(to, self._targets[to])

    def refuse_circles(self) -> None:
        """Raises ``UnusableSchema`` where a reference leads back to itself without going into the value."""
        done: set[str] = set()
        for start in self._refers:
            path = [start]
            ways = [iter(sorted(self._refers[start]))]
            while ways:
                to = next(ways[-1], None)
                if to is None:
                    ways.pop()
                    done.add(path.pop())
                elif to in path:
                    raise UnusableSchema(f"{to}: the reference leads back to itself")
                elif to not in done:
                    path.append(to)
                    ways.append(iter(sorted(self._refers.get(to, ()))))


def _remembered(name: str, box: list[Test]) -> Test:
    def test(value: Any, known: Known) -> bool:
        key = (id(value), name)
        if key not in known:
            known[key] = box[0](value, known)
        return known[key]

    return test


def _pointed(root: object, to: str, at: str) -> object:
    found = root
    for step in unquote(to[1:]).split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            raise UnusableSchema(f"{at}: {to} points nowhere")
    return found


def _anything(_value: Any, _known: Known) -> bool:
    return True


def _nothing(_value: Any, _known: Known) -> bool:
    return False


def _type(_compiler: _Compiler, schema: dict[str, Any], at: str, _depth: int) -> Test:
    wanted = schema["type"]
    names = wanted if isinstance(wanted, list) else [wanted]
    for name in names:
        if name not in _TYPES:
            raise UnusableSchema(f"{at}: expected one of {', '.join(_TYPES)}, found {name!r}")
    accepted = {*names} | ({"integer"} if "number" in names else set())
    return lambda value, _: type_of(value) in accepted


def _const(_compiler: _Compiler, schema: dict[str, Any], _at: str, _depth: int) -> Test:
    only = schema["const"]
    return lambda value, _: is_equal(value, only)


def _enum(_compiler: _Compiler, schema: dict[str, Any], at: str, _depth: int) -> Test:
    listed = _listed(schema["enum"], at)
    return lambda value, _: any(is_equal(value, member) for member in listed)


def _object(compiler: _Compiler, schema: dict[str, Any], at: str, depth: int) -> Test:
    """``properties`` and ``additionalProperties`` together."""
    declared = schema.get("properties", {})
    if not isinstance(declared, dict):
        raise UnusableSchema(f"{at}: expected an object, found {type_of(declared)}")
    members = {name: compiler.inner(part, f"{at}/{name}", depth) for name, part in declared.items()}
    others = compiler.inner(schema.get("additionalProperties", True), f"{at}/…", depth)
    return lambda value, known: (
        not isinstance(value, dict) or all(members.get(name, others)(member, known) for name, member in value.items())
    )


def _additional(compiler: _Compiler, schema: dict[str, Any], at: str, depth: int) -> Test:
    return _anything if "properties" in schema else _object(compiler, schema, at, depth)


def _required(_compiler: _Compiler, schema: dict[str, Any], at: str, _depth: int) -> Test:
    names = _listed(schema["required"], at)
    if not all(isinstance(name, str) for name in names):
        raise UnusableSchema(f"{at}: expected names")
    return lambda value, _: not isinstance(value, dict) or all(name in value for name in names)


def _items(compiler: _Compiler, schema: dict[str, Any], at: str, depth: int) -> Test:
    rest = compiler.inner(schema["items"], at, depth)
    before = len(_listed(schema.get("prefixItems", []), at))
    return lambda value, known: not isinstance(value, list) or all(rest(item, known) for item in value[before:])


def _prefix(compiler: _Compiler, schema: dict[str, Any], at: str, depth: int) -> Test:
    listed = _listed(schema["prefixItems"], at)
    firsts = [compiler.inner(part, f"{at}/{place}", depth) for place, part in enumerate(listed)]
    return lambda value, known: (
        not isinstance(value, list) or all(test(item, known) for test, item in zip(firsts, value, strict=False))
    )


def _unique(_compiler: _Compiler, schema: dict[str, Any], at: str, _depth: int) -> Test:
    if not isinstance(schema["uniqueItems"], bool):
        raise UnusableSchema(f"{at}: expected true or false")
    if not schema["uniqueItems"]:
        return _anything
    return lambda value, _: not isinstance(value, list) or len({_key(item) for item in value}) == len(value)


def _key(value: Any) -> Hashable:
    """Equal for equal JSON values."""
    if isinstance(value, list):
        return ("array", tuple(map(_key, value)))
    if isinstance(value, dict):
        return ("object", frozenset((name, _key(member)) for name, member in value.items()))
    return ("boolean", value) if isinstance(value, bool) else ("other", value)


def _matches(compiler: _Compiler, schema: dict[str, Any], at: str, _depth: int) -> Test:
    if not isinstance(schema["pattern"], str):
        raise UnusableSchema(f"{at}: expected a string, found {type_of(schema['pattern'])}")
    try:
        fits = compiler.pattern(schema["pattern"])
    except ValueError as error:
        raise UnusableSchema(f"{at}: {error}") from error
    return lambda value, _: not isinstance(value, str) or fits(value)


def _combined(combine: Callable[[list[Test]], Test], name: str) -> _Keyword:
    def keyword(compiler: _Compiler, schema: dict[str, Any], at: str, depth: int) -> Test:
        listed = _listed(schema[name], at)
        return combine([compiler.test(part, f"{at}/{place}", depth) for place, part in enumerate(listed)])

    return keyword


def _not(compiler: _Compiler, schema: dict[str, Any], at: str, depth: int) -> Test:
    other = compiler.test(schema["not"], at, depth)
    return lambda value, known: not other(value, known)


def _size(name: str, kind: type[Sized], keeps: Callable[[int, int], bool]) -> _Keyword:
    """A keyword that bounds how long a string or an array is, or how many members an object has."""

    def keyword(_compiler: _Compiler, schema: dict[str, Any], at: str, _depth: int) -> Test:
        bound = _number(schema[name], at)
        if bound < 0 or bound != int(bound):
            raise UnusableSchema(f"{at}: expected a whole number from 0, found {bound}")
        return lambda value, _: type(value) is not kind or keeps(len(value), int(bound))

    return keyword


def _bound(name: str, keeps: Callable[[float, float], bool]) -> _Keyword:
    """A keyword that bounds a number."""

    def keyword(_compiler: _Compiler, schema: dict[str, Any], at: str, _depth: int) -> Test:
        bound = _number(schema[name], at)
        return lambda value, _: type(value) not in {int, float} or keeps(value, bound)

    return keyword


def _multiple(_compiler: _Compiler, schema: dict[str, Any], at: str, _depth: int) -> Test:
    bound = _number(schema["multipleOf"], at)
    if bound <= 0:
        raise UnusableSchema(f"{at}: expected a number above 0, found {bound}")
    part = Fraction(str(bound))
    return lambda value, _: type(value) not in {int, float} or Fraction(str(value)) % part == 0


def _number(value: object, at: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnusableSchema(f"{at}: expected a number, found {type_of(value)}")
    return value


def _listed(value: object, at: str) -> list[Any]:
    if not isinstance(value, list):
        raise UnusableSchema(f"{at}: expected an array, found {type_of(value)}")
    return value


_Keyword = Callable[[_Compiler, dict[str, Any], str, int], Test]
_KEYWORDS: dict[str, _Keyword] = {
    "$ref": _Compiler.reference,
    "type": _type,
    "const": _const,
    "enum": _enum,
    "required": _required,
    "properties": _object,
    "additionalProperties": _additional,
    "prefixItems": _prefix,
    "items": _items,
    "uniqueItems": _unique,
    "pattern": _matches,
    "minItems": _size("minItems", list, lambda size, bound: size >= bound),
    "maxItems": _size("maxItems", list, lambda size, bound: size <= bound),
    "minLength": _size("minLength", str, lambda size, bound: size >= bound),
    "maxLength": _size("maxLength", str, lambda size, bound: size <= bound),
    "minProperties": _size("minProperties", dict, lambda size, bound: size >= bound),
    "maxProperties": _size("maxProperties", dict, lambda size, bound: size <= bound),
    "minimum": _bound("minimum", lambda value, bound: value >= bound),
    "maximum": _bound("maximum", lambda value, bound: value <= bound),
    "exclusiveMinimum": _bound("exclusiveMinimum", lambda value, bound: value > bound),
    "exclusiveMaximum": _bound("exclusiveMaximum", lambda value, bound: value < bound),
    "multipleOf": _multiple,
    "allOf": _combined(lambda tests: lambda value, known: all(test(value, known) for test in tests), "allOf"),
    "anyOf": _combined(lambda tests: lambda value, known: any(test(value, known) for test in tests), "anyOf"),
    "oneOf": _combined(lambda tests: lambda value, known: sum(test(value, known) for test in tests) == 1, "oneOf"),
    "not": _not,
}
SUPPORTED = frozenset(_KEYWORDS)
"""Keywords that are checked."""
