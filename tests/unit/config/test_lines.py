"""Lines of values, for documents of every style."""

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.config.lines import Lines

EXAMPLE = """\
# a comment with = and [brackets]
a.b = 1
"q\\"x" . 'y.z' = [1,
  2, # ] no end
  { z = "a,}", w = [ ] }, [ [], 1979-05-27 07:32:00 , ],
]

[t] # [no, array]
s = \"\"\"
a"b""\\" end\"\"\"\"\"
u = '''x'''''
v = {}
e = ""
[[p]]
n = 1
[[p]]
n = 2
[p.sub]
k = 1979-05-27
[[p.arr]]
[[p.arr]]
m = true"""

EXPECTED = {
    ("a",): 2,
    ("a", "b"): 2,
    ('q"x', "y.z"): 3,
    ('q"x', "y.z", 0): 3,
    ('q"x', "y.z", 1): 4,
    ('q"x', "y.z", 2, "z"): 5,
    ('q"x', "y.z", 2, "w"): 5,
    ('q"x', "y.z", 3, 0): 5,
    ('q"x', "y.z", 3, 1): 5,
    ("t",): 8,
    ("t", "s"): 9,
    ("t", "u"): 11,
    ("t", "v"): 12,
    ("t", "e"): 13,
    ("p",): 14,
    ("p", 0): 14,
    ("p", 0, "n"): 15,
    ("p", 1): 16,
    ("p", 1, "n"): 17,
    ("p", 1, "sub"): 18,
    ("p", 1, "sub", "k"): 19,
    ("p", 1, "arr"): 20,
    ("p", 1, "arr", 0): 20,
    ("p", 1, "arr", 1): 21,
    ("p", 1, "arr", 1, "m"): 22,
}


def test_every_key_and_element_is_found_on_its_line() -> None:
    tomllib.loads(EXAMPLE)
    lines = Lines(EXAMPLE)
    assert {path: lines.of(path) for path in EXPECTED} == EXPECTED


def test_what_is_missing_is_looked_for_where_it_should_be() -> None:
    lines = Lines(EXAMPLE)
    assert lines.of(("p", 1, "gone", "further")) == 16
    assert lines.of(("gone",)) == 0
    assert lines.of(()) == 0


KEYS = st.text(min_size=1, max_size=4) | st.sampled_from(["a", "b-c", "1"])
SCALARS = (
    st.integers(-(2**63), 2**63 - 1)
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.text()
    | st.dates()
    | st.datetimes().map(lambda moment: moment.replace(microsecond=0))
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=4)


class Writer:
    """Writes a document in a style drawn by chance and notes where it puts things."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data
        self.text = ""
        self.lines: dict[tuple[str | int, ...], int] = {}

    def document(self, document: dict[str, Any]) -> str:
        """The whole text."""
        tables = {key: value for key, value in document.items() if isinstance(value, dict) and self._chance()}
        for key, value in document.items():
            if key not in tables:
                self._blank()
                self._pair((), key, value)
                self.text += self._pick(["\n", "  # a comment, [x] = {\n", "\n\n"])
        for key, table in tables.items():
            self._note((key,))
            self.text += f"[ {self._key(key)} ]\n"
            for inner, value in table.items():
                self._blank()
                self._pair((key,), inner, value)
                self.text += "\n"
        return self.text

    def _pair(self, path: tuple[str | int, ...], key: str, value: Any) -> None:
        self._note((*path, key))
        self.text += f"{self._key(key)} = "
        self._value((*path, key), value)

    def _value(self, path: tuple[str | int, ...], value: Any) -> None:
        match value:
            case dict():
                self.text += "{"
                for place, (key, inner) in enumerate(value.items()):
                    self.text += ", " if place else " "
                    self._pair(path, key, inner)
                self.text += " }"
            case list():
                self.text += "["
                for place, inner in enumerate(value):
                    self.text += self._pick(["", "\n", " # ,]\n  "])
                    self._note((*path, place))
                    self._value((*path, place), inner)
                    self.text += self._pick([",", " # x\n,"])
                self.text += "]"
            case str():
                self.text += self._string(value)
            case bool():
                self.text += "true" if value else "false"
            case _:
                self.text += str(value)

    def _string(self, value: str) -> str:
        escaped = "".join(
            f"\\U{ord(character):08x}" if character in '"\\' or not character.isprintable() else character
            for character in value
        )
        styles = [f'"{escaped}"', f'"""\n{escaped}"""', f'"""{escaped}\\\n  """']
        if "'" not in value and value.isprintable():
            styles += [f"'{value}'", f"'''\n{value}'''"]
        if value.isprintable() and '"""' not in value and "\\" not in value and not value.endswith('"'):
            styles.append(f'"""{value}"""')
        return self._pick(styles)

    def _key(self, key: str) -> str:
        is_bare = key.isascii() and all(character.isalnum() or character in "-_" for character in key)
        quoted = "".join(f"\\U{ord(character):08x}" for character in key)
        return self._pick([key, f'"{quoted}"'] if is_bare else [f'"{quoted}"'])

    def _note(self, path: tuple[str | int, ...]) -> None:
        self.lines[path] = self.text.count("\n") + 1

    def _blank(self) -> None:
        self.text += self._pick(["", "\n", "# = [\n", "  "])

    def _chance(self) -> bool:
        return self._data.draw(st.booleans())

    def _pick(self, choices: list[str]) -> str:
        return self._data.draw(st.sampled_from(choices))


@given(DOCUMENTS, st.data())
def test_values_are_found_however_the_document_is_written(document: dict[str, Any], data: st.DataObject) -> None:
    writer = Writer(data)
    text = writer.document(document)
    assert tomllib.loads(text) == document
    lines = Lines(text)
    assert {path: lines.of(path) for path in writer.lines} == writer.lines
