"""From the configuration's guardrails to checks that run."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from stellwerk import plugins
from stellwerk.config.references import resolve
from stellwerk.core.snapshot import GuardrailSpec, Snapshot
from stellwerk.core.subject import Side
from stellwerk.errors import ConfigurationError
from stellwerk.gateway.inquiry import Service
from stellwerk.gateway.masking import mask
from stellwerk.http.pool import Pool
from stellwerk.ports.guardrail import Guardrail, RemoteGuardrail
from stellwerk.screening.guards import Guards
from stellwerk.screening.policy import Rule

if TYPE_CHECKING:
    from stellwerk.screening.redaction import Redaction


class Guarding:
    """The rules of one version of the configuration, by name, and how services are reached."""

    __slots__ = ("_spec", "rules", "services")

    def __init__(self, snapshot: Snapshot, pool: Pool, former: Mapping[str, Service]) -> None:
        """What is known of services that stay as they were is kept. Raises ``ConfigurationError``."""
        self._spec = snapshot.screening
        self.rules = {spec.name: rule_of(spec) for spec in snapshot.guardrails}
        self.services: dict[str, Service] = {}
        for name, rule in self.rules.items():
            if isinstance(rule.check, RemoteGuardrail):
                lane, known = pool.lane(rule.check.origin), former.get(name)
                same = known is not None and known.lane is lane
                self.services[name] = known if known is not None and same else _service(rule.check, pool)

    @property
    def remote(self) -> dict[str, RemoteGuardrail]:
        """The checks that ask a service, by name."""
        return {name: rule.check for name, rule in self.rules.items() if isinstance(rule.check, RemoteGuardrail)}

    def redaction(self) -> Redaction | None:
        """What takes out of records what the policy for logs does not want there; nothing without one."""
        rules = [rule for rule in self.rules.values() if Side.LOG in rule.sides and not rule.is_remote]
        if not rules:
            return None
        from stellwerk.screening.redaction import Redaction

        return Redaction(rules)

    def of(self, names: tuple[str, ...] | None) -> Guards | None:
        """The guards of a model that names some, or all of them."""
        rules = list(self.rules.values())
        if names is not None:  # the name of a policy is that of all its rules
            rules = [rule for rule in rules if rule.name in names or rule.name.partition(".")[0] in names]
        return Guards.of(rules, self._spec, secrets.token_bytes(32))


def remote_checks(snapshot: Snapshot) -> dict[str, RemoteGuardrail]:
    """The checks of a configuration that ask a service, by name. Raises ``ConfigurationError``."""
    made = {spec.name: rule_of(spec).check for spec in snapshot.guardrails}
    return {name: check for name, check in made.items() if isinstance(check, RemoteGuardrail)}


def _service(check: RemoteGuardrail, pool: Pool) -> Service:
    return Service(pool.lane(check.origin), check.origin.authority.encode())


def rule_of(spec: GuardrailSpec) -> Rule:
    """A check under its policy. Raises ``ConfigurationError``."""
    values = {option: resolve(reference) for option, reference in spec.secrets.items()}
    try:
        check = cast("Guardrail | RemoteGuardrail", plugins.build("guardrails", spec.use, {**spec.options, **values}))
    except ValueError as error:
        reason = str(error)
        for secret in values.values():
            reason = mask(reason, secret)
        raise ConfigurationError((f"guardrails.{spec.name}: {reason}",)) from None
    if Side.LOG in spec.on and isinstance(check, RemoteGuardrail):  # logs are written at once
        raise ConfigurationError((f"guardrails.{spec.name}: on: a check that asks a service cannot look at log",))
    return Rule(
        name=spec.name,
        check=check,
        use=spec.use,
        options=spec.options,
        sides=frozenset(spec.on),
        action=spec.action,
        actions=spec.actions,
        failure=spec.failure,
        timeout_s=spec.timeout_s,
    )
