"""Where is it kept? Opens the sealed ids of a request, and sends it to the provider that they name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NoReturn
from urllib.parse import quote

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.core.identity import Principal
from stellwerk.core.route import Plan, Target
from stellwerk.core.sealed_id import Sealer, is_sealed
from stellwerk.dialects import openai_ids
from stellwerk.dialects.openai_passage.envelope import Passage
from stellwerk.errors import InvalidRequest, NotFound
from stellwerk.gateway.configuration import Configuration, Model
from stellwerk.gateway.stages.route import find

PROVIDER = b"x-stellwerk-provider"
_AFTER = re.compile(rb"(?<![^&])after=([^&]*)")


def owner_of(principal: Principal) -> str:
    """Who owns what a key makes: its team, or the key alone where it has none."""
    return f"team {principal.team}" if principal.team else f"key {principal.key_name}"


def place(
    principal: Principal,
    envelope: Envelope,
    headers: Mapping[bytes, bytes],
    configuration: Configuration,
    sealer: Sealer,
    order: Callable[[Model, Envelope], Plan],
) -> tuple[Envelope, Model, tuple[Target, ...]]:
    """The request with the providers' own ids, the model it goes to, and the targets that can serve it.

    Raises ``NotFound`` for an id that was not handed out to this caller, by the field's name, and ``InvalidRequest``
    where ids contradict one another or the model.
    """
    keys = _Keys(sealer, owner_of(principal))
    if isinstance(envelope, Passage):
        envelope = keys.open_passage(envelope)
        if not envelope.model:
            return envelope, *_home(principal, keys, envelope, headers, configuration)
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
    return envelope, model, targets


class _Keys:
    """Opens ids, which must all be of one place."""

    def __init__(self, sealer: Sealer, owner: str) -> None:
        self._sealer = sealer
        self._owner = owner
        self.place = b""
        self.field = ""

    def open_body(self, envelope: Envelope, *, refuses_raw: bool) -> Envelope:
        body = envelope.body
        raw = openai_ids.first_unsealed(body) if refuses_raw else None
        if raw is not None:
            self._miss(raw)
        opened = openai_ids.unseal(body, self.open)
        return envelope if opened is body else msgspec.structs.replace(envelope, body=opened)

    def open_passage(self, envelope: Passage) -> Passage:
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


def _home(
    principal: Principal,
    keys: _Keys,
    envelope: Passage,
    headers: Mapping[bytes, bytes],
    configuration: Configuration,
) -> tuple[Model, tuple[Target, ...]]:
    """Where a request goes that names no model: to the place of its ids, the provider it asks for, or the default."""
    homes = {
        target.provider: configuration.homes[target.provider]
        for name, model in configuration.models.items()
        if principal.may_use(name)
        for target in model.targets
        if model.routes[target.identity].provider.speaks(envelope.dialect)
    }
    wanted = headers.get(PROVIDER)
    if keys.place:
        homes = {
            name: home for name, home in homes.items() if home.routes[home.targets[0].identity].place == keys.place
        }
        if not homes:
            message = f"Nothing is kept for you under this id: '{keys.field}'."
            raise NotFound(message, param=keys.field)
    if wanted is not None:
        homes = {name: home for name, home in homes.items() if name.encode() == wanted}
        if not homes:
            _refuse_provider(wanted)
    for home in homes.values():
        return home, home.targets
    raise InvalidRequest("None of the providers of this key's models serves this path.")


def _refuse_provider(wanted: bytes) -> NoReturn:
    told = wanted[:100].decode("ascii", "replace")
    message = f"The provider {told!r} cannot serve this request, or you do not have access to it."
    raise InvalidRequest(message, param=PROVIDER.decode())
