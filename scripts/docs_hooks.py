"""Fills the reference pages from the code, so that they cannot say anything else than the code does.

A page asks with a comment: ``<!-- generated: errors -->`` or ``<!-- generated: struct MODULE.CLASS -->``.
"""

import contextlib
import inspect
import io
import json
import os
import re
from ast import AnnAssign, ClassDef, Constant, Expr, Name, parse, stmt
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, time
from decimal import Decimal
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from stellwerk import cli, plugins
from stellwerk.catalog.load import load, vendored
from stellwerk.config.schema import Settings
from stellwerk.core.catalog import CAPABILITIES
from stellwerk.core.loss import Loss
from stellwerk.errors import StellwerkError
from stellwerk.providers.compatible import HOSTS

BEYOND_ANY_USE = 10**9
"""Upper bounds from here on only keep numbers within what a machine can hold."""
DIALECTS = {
    "openai_chat": "OpenAI chat",
    "openai_responses": "OpenAI Responses",
    "anthropic_messages": "Anthropic Messages",
    "gemini": "Gemini",
    "bedrock_converse": "Bedrock Converse",
}
"""The dialects of chat, by folder."""
SCHEMA = "reference/stellwerk.schema.json"
SHORT_TABLE = 3
"""A default with more keys than this is not repeated in a cell."""
TYPES = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    Decimal: "number",
    date: "date",
    time: "time",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the JSON Schema of the configuration, for editors."""
    files.append(File.generated(config, SCHEMA, content=json.dumps(_schema(), indent=2) + "\n"))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Replaces each request for generated text."""
    del config, files

    def generated(request: re.Match[str]) -> str:
        name, *arguments = request.group(1).split()
        if name not in GENERATORS:
            message = f"{page.file.src_path}: nothing generates {name!r}"
            raise PluginError(message)
        return GENERATORS[name](*arguments)

    return re.sub(r"<!-- generated: (.+?) -->", generated, markdown)


def _configuration() -> str:
    """Every section of the file with its keys."""
    schema = _schema()
    definitions = schema["$defs"]
    parts = []
    for path, definition in _sections(schema, definitions, ""):
        parts += [f"## `{path}`", definition.get("description", ""), _keys(definition, definitions)]
    return "\n\n".join(parts)


def _sections(schema: dict[str, Any], definitions: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Tables of the file and the tables in them, in their order; a name in double brackets may be repeated."""
    for key, declared in schema["properties"].items():
        reference, is_array = _reference(declared)
        if reference is None:
            continue
        name = f"{path}.{key}" if path else key
        definition = definitions[reference]
        yield (f"[[{name}]]" if is_array else f"[{name}]"), definition
        yield from _sections(definition, definitions, name)


def _reference(declared: dict[str, Any]) -> tuple[str | None, bool]:
    """The definition that a key's value is, or is an array of."""
    for option in (declared, *declared.get("anyOf", ()), *declared.get("allOf", ())):
        if "$ref" in option:
            return option["$ref"].rpartition("/")[2], False
        if "$ref" in option.get("items", {}):
            return option["items"]["$ref"].rpartition("/")[2], True
    return None, False


def _keys(definition: dict[str, Any], definitions: dict[str, Any]) -> str:
    required = definition.get("required", ())
    rows = []
    for key, declared in definition["properties"].items():
        default = "required" if key in required else _shown(declared["default"]) if "default" in declared else ""
        rows.append((f"`{key}`", _kind(declared, definitions), default, declared.get("description", "")))
    return _table(("Key", "Type", "Default", "Meaning"), rows)


def _kind(declared: dict[str, Any], definitions: dict[str, Any]) -> str:
    reference, is_array = _reference(declared)
    if reference is not None:
        return "array of tables" if is_array else "table"
    options = [option for option in declared.get("anyOf", [declared]) if option.get("type") != "null"]
    kinds = [
        f"array of {_kind(option['items'], definitions)}s" if "items" in option else _scalar(option)
        for option in options
    ]
    return " or ".join(kinds)


def _scalar(option: dict[str, Any]) -> str:
    if "enum" in option:
        return " or ".join(_shown(value) for value in option["enum"])
    kind = {"object": "table"}.get(option.get("type", ""), option.get("type", "any"))
    low = option.get("minimum", option.get("exclusiveMinimum"))
    high = option.get("maximum")
    above = "above" if "exclusiveMinimum" in option else "from"
    bounds = [f"{above} {low:g}"] if low is not None else []
    bounds += [f"to {high:,.0f}"] if high is not None and high < BEYOND_ANY_USE else []
    return " ".join([kind, *bounds])


def _schema() -> dict[str, Any]:
    schema = Settings.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _losses() -> str:
    """What each dialect of providers cannot say, and what no provider can do of a caller's request."""
    parts = []
    for dialect, name in DIALECTS.items():
        module = import_module(f"stellwerk.dialects.{dialect}.losses")
        parts += [f"### {name}", _table(("Field", "What happens", "Why"), [_loss(loss) for loss in module.LOSSES])]
        if bound := getattr(module, "BOUND", ()):
            parts.append(f"Of requests that come in {name}, for a provider of any other dialect:")
            parts.append(_table(("Member", "What happens", "Why"), [_loss(loss) for loss in bound]))
    return "\n\n".join(parts)


def _loss(loss: Loss) -> tuple[str, str, str]:
    return f"`{loss.field}`", "refused" if loss.is_refused else "dropped", loss.why


def _matrix() -> str:
    """Every dialect in with every dialect out: how many real-shaped examples prove the cell."""
    rows = []
    for caller, name in DIALECTS.items():
        cells = []
        for provider in DIALECTS:
            requests, replies, streams = (
                _goldens(caller, "requests"),
                _goldens(provider, "replies"),
                _goldens(provider, "streams"),
            )
            own = f"`test_{caller}.py`: " if caller == provider else ""
            cells.append(f"{own}{requests} requests, {replies} replies, {streams} streams")
        rows.append((f"**{name}**", *cells))
    return _table(("Caller \\ Provider", *DIALECTS.values()), rows)


def _goldens(dialect: str, kind: str) -> int:
    folder = Path(__file__).parent.parent / "tests" / "golden" / dialect / kind
    return sum(1 for path in folder.iterdir() if path.stem != "count_tokens" and _is_translated(path, kind))


def _is_translated(path: Path, kind: str) -> bool:
    return kind != "streams" or path.suffix != ".json"  # only its own callers ask Gemini for an array


def _plugins(kind: str) -> str:
    """A shelf: each plugin with what it is and the options it takes."""
    parts = []
    for name in plugins.shelf(kind):
        settings = plugins.settings(kind, name)
        parts += [f"### `{name}`", _first_paragraph(import_module(f"stellwerk.{kind}.{name}"))]
        parts.append(_fields(settings) if msgspec.structs.fields(settings) else "It takes no options.")
    return "\n\n".join(parts)


def _hosts() -> str:
    """The hosts that need no base URL."""
    return _table(("Host", "Base URL"), [(f"`{name}`", f"`{url}`") for name, url in HOSTS.items()])


def _struct(path: str) -> str:
    """One struct with its fields."""
    module, _, name = path.rpartition(".")
    return _fields(getattr(import_module(module), name))


def _fields(struct: type[msgspec.Struct]) -> str:
    explanations = _explanations(struct)
    hints = get_type_hints(struct)
    rows = [
        (f"`{field.name}`", _hinted(hints[field.name]), _default(field), explanations.get(field.name, ""))
        for field in msgspec.structs.fields(struct)
    ]
    return _table(("Key", "Type", "Default", "Meaning"), rows)


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    default = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return _shown(msgspec.to_builtins(default))


def _hinted(hint: Any) -> str:
    """A type in the words of people who write TOML."""
    arguments = [argument for argument in get_args(hint) if argument is not type(None)]
    match get_origin(hint):
        case None:
            return TYPES.get(hint, "table")
        case origin if origin is Literal:
            return " or ".join(_shown(value) for value in arguments)
        case origin if origin is tuple and arguments[-1] is Ellipsis:
            return f"array of {' or '.join(f'{kind}s' for kind in _hinted(arguments[0]).split(' or '))}"
        case origin if origin is tuple:
            return f"array of {len(arguments)} {_hinted(arguments[0])}s"
        case origin if origin is dict:
            return f"table of {_hinted(arguments[1])}s"
        case _:
            return " or ".join(_hinted(argument) for argument in arguments)


def _explanations(struct: type[msgspec.Struct]) -> dict[str, str]:
    """The strings that stand below fields, which Python itself forgets."""
    found: dict[str, str] = {}
    for owner in reversed(struct.__mro__):
        if not issubclass(owner, msgspec.Struct) or owner is msgspec.Struct:
            continue
        (definition,) = parse(dedent(inspect.getsource(owner))).body
        body: list[stmt] = definition.body if isinstance(definition, ClassDef) else []
        for field, text in pairwise(body):
            match field, text:
                case AnnAssign(target=Name(id=name)), Expr(value=Constant(value=str(explanation))):
                    found[name] = inspect.cleandoc(explanation)
    return found


def _errors() -> str:
    """The error tree, depth first: of those that share a code the most special one."""
    by_code = {error.code: error for error in _descendants(StellwerkError)}
    rows = [
        (f"`{code}`", str(error.status), "yes" if error.retryable else "no", _first_paragraph(error))
        for code, error in by_code.items()
    ]
    return _table(("Code", "Status", "May another attempt help?", "Meaning"), rows)


def _descendants(error: type[StellwerkError]) -> Iterator[type[StellwerkError]]:
    yield error
    for child in error.__subclasses__():
        yield from _descendants(child)


def _commands() -> str:
    """What each command says of itself."""
    parts = []
    for command in cli.COMMANDS:
        parts += [f"## `stellwerk {command}`", f"```text\n{_help(command)}\n```"]
        for action in getattr(cli.module_of(command), "ACTIONS", ()):
            parts += [f"### `stellwerk {command} {action}`", f"```text\n{_help(command, action)}\n```"]
    return "\n\n".join(parts)


def _models() -> str:
    """How many models of each provider are known, and how many have a price."""
    cards = Counter(card.provider for card in load())
    priced = Counter(card.provider for card in load() if card.price is not None)
    rows = [(f"`{provider}`", str(count), str(priced[provider])) for provider, count in sorted(cards.items())]
    return _table(("Section", "Models", "With a price"), rows)


def _model_sources() -> str:
    """Where the catalogue that ships comes from."""
    shipped = vendored()
    rows = [(source.name, source.version, source.licence) for source in shipped.sources]
    return f"Made on {shipped.date} from:\n\n" + _table(("Source", "Version", "Licence"), rows)


def _capabilities() -> str:
    return ", ".join(f"`{name}`" for name in CAPABILITIES)


def _help(*words: str) -> str:
    output = io.StringIO()
    os.environ["COLUMNS"] = "100"
    with contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
        cli.main([*words, "--help"])
    return output.getvalue().strip()


def _first_paragraph(documented: object) -> str:
    text = (inspect.getdoc(documented) or "").partition("\n\n")[0]
    return " ".join(text.replace("``", "`").split())


def _shown(value: object) -> str:
    """A default in TOML's words; what is empty or has a section of its own is left out."""
    match value:
        case None | "" | [dict(), *_]:
            return ""
        case dict():
            pairs = [f"{key} = {json.dumps(part)}" for key, part in value.items() if part is not None]
            return f"`{{ {', '.join(pairs)} }}`" if 0 < len(pairs) <= SHORT_TABLE else ""
        case _:
            return f"`{json.dumps(value)}`"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    cells = [[" ".join(cell.replace("``", "`").replace("|", "\\|").split()) for cell in row] for row in (head, *rows)]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


GENERATORS: dict[str, Callable[..., str]] = {
    "capabilities": _capabilities,
    "commands": _commands,
    "configuration": _configuration,
    "errors": _errors,
    "hosts": _hosts,
    "losses": _losses,
    "matrix": _matrix,
    "model-sources": _model_sources,
    "models": _models,
    "plugins": _plugins,
    "struct": _struct,
}
