"""Where is it kept? Opens the sealed ids of a request, and sends it to the provider that they name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, NoReturn
from urllib.parse import quote

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.core.identity import Principal
from stellwerk.core.route import Plan, Target
from stellwerk.core.sealed_id import Sealer, is_sealed
from stellwerk.dialects import json_splice, openai_ids
from stellwerk.dialects.openai_passage.envelope import Passage
from stellwerk.errors import InvalidRequest, ModelNotFound, NotFound
from stellwerk.gateway.configuration import Configuration, Model
from stellwerk.gateway.stages.route import find

if TYPE_CHECKING:
    from stellwerk.dialects.openai_passage.batch import BatchFile
    from stellwerk.gateway.vault import Vault

PROVIDER = b"x-stellwerk-provider"
_AFTER = re.compile(rb"(?<![^&])after=([^&]*)")


def owner_of(principal: Principal) -> str:
    """Who owns what a key makes: its team, or the key alone where it has none."""
    return f"team {principal.team}" if principal.team else f"key {principal.key_name}"


class Placed(NamedTuple):
    """The request with the providers' own ids, the model it goes to, and the targets that can serve it."""

    envelope: Envelope
    model: Model
    targets: tuple[Target, ...]


def place(
    principal: Principal,
    envelope: Envelope,
    headers: Mapping[bytes, bytes],
    configuration: Configuration,
    vault: Vault,
    order: Callable[[Model, Envelope], Plan],
) -> Placed:
    """Where a request goes that may name what providers keep.

    Raises ``NotFound`` for an id that was not handed out to this caller, by the field's name, ``InvalidRequest`` where
    ids contradict one another or the model, and ``ModelNotFound`` for a batch of models that the key may not use.
    """
    keys = Keys(vault.sealer, owner_of(principal))
    if isinstance(envelope, Passage):
        envelope = keys.open_passage(envelope)
        if not envelope.model:
            home = next(iter(homes(principal, keys, envelope, headers, configuration).values()))
            if envelope.is_batch:
                _check_batch(principal, envelope, keys, vault, configuration)
            return Placed(envelope, home, home.targets)
    else:
        envelope = keys.open_body(envelope, refuses_raw=envelope.dialect != "openai_chat")
    model = find(principal, envelope, configuration)
    targets = order(model, envelope).targets
    wanted = headers.get(PROVIDER) if isinstance(envelope, Passage) else None
    if wanted is not None:
        targets = tuple(target for target in targets if target.provider.encode() == wanted)
        if not targets:
            _refuse_provider(wanted)
    if isinstance(envelope, Passage):
        able = tuple(t for t in targets if model.routes[t.identity].provider.speaks(envelope.dialect))
        targets = able or targets
    if keys.place:
        targets = tuple(target for target in targets if model.routes[target.identity].place == keys.place)
        if not targets:
            message = f"'{keys.field}' is kept by a provider that does not serve the model '{envelope.model[:200]}'."
            raise InvalidRequest(message, param=keys.field)
    return Placed(envelope, model, targets)


def place_batch_file(
    principal: Principal,
    envelope: Passage,
    headers: Mapping[bytes, bytes],
    configuration: Configuration,
    keys: Keys,
    file: BatchFile,
) -> Placed:
    """The upload of a batch's file that has been read, with the provider's own names for its models.

    It goes to the first provider that serves all of them. Raises ``InvalidRequest`` with the line that names a model
    which the key may not use or no such provider serves.
    """
    found = homes(principal, keys, envelope, headers, configuration)
    for name, line in file.first_lines.items():
        model = configuration.models.get(name)
        if model is None or not principal.may_use(name):
            message = (
                f"Line {line} of the file: The model {name[:200]!r} does not exist or you do not have access to it."
            )
            raise InvalidRequest(message, param="file")
        able = {target.provider for target in model.targets}
        found = {provider: home for provider, home in found.items() if provider in able}
        if not found:
            message = f"Line {line} of the file: No provider of what stands before it serves the model {name[:200]!r}."
            raise InvalidRequest(message, param="file")
    provider, home = next(iter(found.items()))
    names = {
        name: next(target.model for target in configuration.models[name].targets if target.provider == provider)
        for name in file.first_lines
    }
    placed = msgspec.structs.replace(envelope, body=file.under(names), models=tuple(file.first_lines))
    return Placed(placed, home, home.targets)


class Keys:
    """Opens ids, which must all be of one place."""

    def __init__(self, sealer: Sealer, owner: str) -> None:
        self._sealer = sealer
        self._owner = owner
        self.place = b""
        self.field = ""

    def open_body(self, envelope: Envelope, *, refuses_raw: bool) -> Envelope:
        """A request with what the sealed ids in its body stand for."""
        body = envelope.body
        raw = openai_ids.first_unsealed(body) if refuses_raw else None
        if raw is not None:
            self._miss(raw)
        opened = openai_ids.unseal(body, self.open)
        return envelope if opened is body else msgspec.structs.replace(envelope, body=opened)

    def open_passage(self, envelope: Passage) -> Passage:
        """A request with what the sealed ids in its path, query and body stand for."""
        identity, query = envelope.id, envelope.query
        if identity:
            identity = self.open("id", identity)
        if (found := _AFTER.search(query)) is not None and is_sealed(after := found[1].decode("latin-1")):
            query = query[: found.start(1)] + quote(self.open("after", after), safe="").encode() + query[found.end(1) :]
        if envelope.has_json:
            opened = self.open_body(envelope, refuses_raw=True)
            envelope = msgspec.structs.replace(envelope, body=opened.body)
        return msgspec.structs.replace(envelope, id=identity, query=query)

    def open(self, field: str, sealed: str) -> str:
        """What an id stands for."""
        unsealed = self._sealer.unseal(sealed, self._owner)
        if unsealed is None:
            self._miss(field)
        if self.place and unsealed.place != self.place:
            message = f"'{field}' is kept by another provider than '{self.field}'."
            raise InvalidRequest(message, param=field)
        if not self.place:
            self.place, self.field = unsealed.place, field
        return unsealed.original

    def _miss(self, field: str) -> NoReturn:
        """Says the same of what never was and of what is another's."""
        message = f"Nothing is kept for you under this id: '{field}'."
        raise NotFound(message, param=field)


def _check_batch(
    principal: Principal, envelope: Passage, keys: Keys, vault: Vault, configuration: Configuration
) -> None:
    """A batch is made only of a file whose models are known, by who may use all of them."""
    body = envelope.body if envelope.has_json else b"{}"
    file = json_splice.find(body, "input_file_id")
    if file is None:
        raise InvalidRequest("Missing required parameter: 'input_file_id'.", param="input_file_id")
    if json_splice.find(body, "input_blob") is not None:
        raise InvalidRequest("Batches are made of files that were uploaded here: 'input_blob'.", param="input_blob")
    models = vault.models_in(keys.place, str(msgspec.json.decode(body[file.start : file.end])))
    if models is None:
        message = "The file was not uploaded here with the purpose 'batch': nobody has looked at the models in it."
        raise InvalidRequest(message, param="input_file_id")
    for name in models:
        if name not in configuration.models or not principal.may_use(name):
            message = f"The file names the model {name[:200]!r}, which does not exist or you do not have access to it."
            raise ModelNotFound(message, param="input_file_id")


def homes(
    principal: Principal,
    keys: Keys,
    envelope: Passage,
    headers: Mapping[bytes, bytes],
    configuration: Configuration,
) -> dict[str, Model]:
    """Where a request may go that names no model: to the place of its ids, the provider it asks for, or the default.

    By provider, the best first, and never empty: else ``NotFound`` or ``InvalidRequest`` is raised.
    """
    found = {
        target.provider: configuration.homes[target.provider]
        for name, model in configuration.models.items()
        if principal.may_use(name)
        for target in model.targets
        if model.routes[target.identity].provider.speaks(envelope.dialect)
    }
    wanted = headers.get(PROVIDER)
    if keys.place:
        found = {
            name: home for name, home in found.items() if home.routes[home.targets[0].identity].place == keys.place
        }
        if not found:
            message = f"Nothing is kept for you under this id: '{keys.field}'."
            raise NotFound(message, param=keys.field)
    if wanted is not None:
        found = {name: home for name, home in found.items() if name.encode() == wanted}
        if not found:
            _refuse_provider(wanted)
    if not found:
        raise InvalidRequest("None of the providers of this key's models serves this path.")
    return found


def _refuse_provider(wanted: bytes) -> NoReturn:
    told = wanted[:100].decode("ascii", "replace")
    message = f"The provider {told!r} cannot serve this request, or you do not have access to it."
    raise InvalidRequest(message, param=PROVIDER.decode())
