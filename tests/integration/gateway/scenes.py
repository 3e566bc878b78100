"""Gateways with providers behind them: simulated ones, and ones that play a script."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from stellwerk.simulator import PlannedFault, Scenario, SimulatedProvider, Simulator, running
from tests.integration.gateway.evidence import provider_key
from tests.integration.gateway.kit import Gateway, model, provider, serving
from tests.integration.gateway.upstream import Act, Script, script


def simulator(name: str = "openai", *faults: PlannedFault, **options: object) -> SimulatedProvider:
    """A simulated provider that knows the gateway's key for it and remembers what arrived."""
    return SimulatedProvider(
        name=name,
        keys=(provider_key(name),),
        faults=faults,
        remember_bodies=True,
        **options,  # type: ignore[arg-type]
    )


def provider_of(kind: str, base_url: str) -> str:
    """A section for a provider of another kind, or one that is asked through Responses; it is named after that."""
    options = {"bedrock": 'region = "eu-central-1"\n', "responses": 'api = "responses"\n'}.get(kind, "")
    key, known = provider_key(kind), "openai" if kind == "responses" else kind
    return f'\n[[providers]]\nname = "{kind}"\nkind = "{known}"\nbase_url = "{base_url}"\napi_key = "{key}"\n{options}'


@asynccontextmanager
async def simulated(
    folder: Path, *providers: SimulatedProvider, sections: str = "", seed: int = 0, **options: object
) -> AsyncIterator[tuple[Gateway, tuple[Simulator, ...]]]:
    """A gateway whose model ``plain`` has one target with each of the simulated providers, in their order."""
    specs = providers or (simulator(),)
    async with running(Scenario(seed=seed, providers=specs)) as simulators:
        parts = [provider(one.name, one.base_url) for one in simulators]
        parts.append(model("plain", *(one.name for one in simulators), **options))
        async with serving(folder, sections, *parts) as gateway:
            yield gateway, simulators


@asynccontextmanager
async def scripted(
    folder: Path, *acts: Act | None, sections: str = "", **options: object
) -> AsyncIterator[tuple[Gateway, Script]]:
    """A gateway whose model ``plain`` has one target, which plays ``acts``."""
    async with (
        script(*acts) as playing,
        serving(folder, sections, provider("one", playing.base_url), model("plain", "one", **options)) as gateway,
    ):
        yield gateway, playing


@asynccontextmanager
async def scripts(
    folder: Path, *providers: tuple[Act | None, ...], sections: str = "", **options: object
) -> AsyncIterator[tuple[Gateway, list[Script]]]:
    """A gateway whose model ``plain`` has several targets, each with a script of its own."""
    names = ("one", "two", "three", "four")
    async with AsyncExitStack() as stack:
        playing = [await stack.enter_async_context(script(*acts)) for acts in providers]
        named = list(zip(names, playing, strict=False))
        parts = [provider(name, one.base_url) for name, one in named]
        parts.append(model("plain", *(name for name, _ in named), **options))
        yield await stack.enter_async_context(serving(folder, sections, *parts)), playing
