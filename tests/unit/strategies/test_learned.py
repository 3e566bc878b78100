"""The weak target for prompts that it was learned to answer, and for nothing else."""

from pathlib import Path

import msgspec
import pytest

from stellwerk.core.envelope import Envelope
from stellwerk.core.learned_route import MAX_FILE_BYTES, Cut, LearnedRoute, encode
from stellwerk.core.learned_training import learn, split
from stellwerk.core.route import Ask, Target
from stellwerk.errors import ConfigurationError
from stellwerk.ports.strategy import Strategy
from stellwerk.strategies import learned
from stellwerk.strategies.learned import Settings, build
from tests.unit.core.outcomes import outcomes

TARGETS = tuple(Target(f"p/{name}", "p", name) for name in ("weak", "middle", "strong"))
EASY, HARD = "Name the river Rhine", "Prove that the river ends"
CHAT = b'{"messages":[{"role":"user","content":"say \\"tools\\", \\"image\\" and \\"json_schema\\""}]}'
TOOLS = (
    b'{"tools":[]}',
    b'{ "tools" : [] }',
    b'{"functions":[]}',
    b'{"mcp_servers":[]}',
    b'{"toolConfig":{}}',
    b'{"tool_config":{}}',
)
SCHEMAS = (
    b'{"response_format":{"type":"json_schema","json_schema":{}}}',
    b'{"text":{"format":{"type": "json_schema"}}}',
    b'{"generationConfig":{"responseSchema":{}}}',
    b'{"generationConfig":{"responseJsonSchema":{}}}',
    b'{"generation_config":{"response_schema":{}}}',
    b'{"generation_config":{"response_json_schema":{}}}',
)
MEDIA = (
    b'{"content":[{"type":"image_url"}]}',
    b'{"content":[{"type":"input_image"}]}',
    b'{"content":[{"type":"image","source":{}}]}',
    b'{"parts":[{"inlineData":{}}]}',
    b'{"parts":[{"file_data":{}}]}',
    b'{"content":[{"document":{}}]}',
)


@pytest.fixture(scope="module")
def route() -> LearnedRoute:
    """A weak model that can name but hardly prove."""
    return learn(split(outcomes(1_500), 0, is_tested=False).folds, 0.9)


@pytest.fixture(scope="module")
def model(route: LearnedRoute, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Its file."""
    path = tmp_path_factory.mktemp("learned") / "route.model"
    path.write_bytes(encode(route))
    return str(path)


@pytest.fixture(scope="module")
def strategy(model: str) -> Strategy:
    """One that keeps 97 %."""
    return build(Settings(model, floor=0.97))


def ask(text: str = EASY, body: bytes = CHAT) -> Ask:
    return Ask(Envelope("openai_chat", "m", is_stream=False, body=body), 0.5, 0.0, lambda: 1, text=lambda: text)


def order(strategy: Strategy, request: Ask, targets: tuple[Target, ...] = TARGETS) -> tuple[list[str], str]:
    plan = strategy.plan(targets, request, {})
    return [target.model for target in plan.targets], plan.reason


def test_an_easy_prompt_goes_to_the_weak_target_with_the_strong_one_behind(strategy: Strategy) -> None:
    models, reason = order(strategy, ask(EASY))
    assert models == ["weak", "strong", "middle"]
    assert reason.startswith("p/weak does with a probability of 0.9")
    assert reason.endswith("keeps 97 % of p/strong's quality")


def test_a_hard_prompt_goes_to_the_strong_target(strategy: Strategy) -> None:
    models, reason = order(strategy, ask(HARD))
    assert models == ["strong", "middle", "weak"]
    assert "p/weak does with a probability of 0." in reason
    assert ", but only 0." in reason


@pytest.mark.parametrize("body", TOOLS)
def test_tools_are_never_downgraded(strategy: Strategy, body: bytes) -> None:
    assert order(strategy, ask(body=body)) == (["strong", "middle", "weak"], "the request offers tools")


@pytest.mark.parametrize("body", SCHEMAS)
def test_schemas_are_never_downgraded(strategy: Strategy, body: bytes) -> None:
    assert order(strategy, ask(body=body)) == (["strong", "middle", "weak"], "the request has a JSON schema")


@pytest.mark.parametrize("body", MEDIA)
def test_media_are_never_downgraded(strategy: Strategy, body: bytes) -> None:
    assert order(strategy, ask(body=body)) == (["strong", "middle", "weak"], "the request has more than text")


def test_long_requests_are_never_downgraded(strategy: Strategy) -> None:
    body = b"{%b}" % (b" " * 16_000)
    assert order(strategy, ask(body=body)) == (["strong", "middle", "weak"], "the request has 16,002 bytes")


@pytest.mark.parametrize("text", ["", " \n"])
def test_without_text_nothing_is_guessed(strategy: Strategy, text: str) -> None:
    assert order(strategy, ask(text)) == (["strong", "middle", "weak"], "the request has no text to judge")


def test_who_does_not_tell_the_text_is_judged_like_who_has_none(strategy: Strategy) -> None:
    silent = Ask(Envelope("openai_chat", "m", is_stream=False, body=b"{}"), 0.5, 0.0, lambda: 1)
    assert order(strategy, silent)[0] == ["strong", "middle", "weak"]


@pytest.mark.parametrize(
    ("named", "text", "expected"),
    [
        ({"weak": "p/middle"}, EASY, ["middle", "strong", "weak"]),
        ({"strong": "p/middle"}, HARD, ["middle", "strong", "weak"]),
        ({"weak": "p/strong"}, EASY, ["strong", "middle", "weak"]),
        ({"strong": "p/weak"}, HARD, ["weak", "strong", "middle"]),
        ({"weak": "p/strong", "strong": "p/weak"}, EASY, ["strong", "weak", "middle"]),
    ],
)
def test_targets_can_be_named(model: str, named: dict[str, str], text: str, expected: list[str]) -> None:
    assert (
        order(
            build(Settings(model, floor=0.97, weak=named.get("weak", ""), strong=named.get("strong", ""))), ask(text)
        )[0]
        == expected
    )


@pytest.mark.parametrize("named", ["weak", "strong"])
def test_a_named_target_that_is_not_there_leaves_the_strongest_first(model: str, named: str) -> None:
    other = "p/other"
    settings = Settings(model, floor=0.97, weak=other) if named == "weak" else Settings(model, floor=0.97, strong=other)
    strategy = build(settings)
    reason = f"the {named} target is not among those that can serve the request"
    assert order(strategy, ask()) == (["strong", "middle", "weak"], reason)


def test_one_target_needs_no_judgement(strategy: Strategy) -> None:
    plan = strategy.fixed(TARGETS[:1])
    assert plan is not None
    assert plan.targets == TARGETS[:1]
    assert strategy.fixed(TARGETS) is None
    assert not strategy.minds_conversations


def test_weak_and_strong_are_two(model: str) -> None:
    with pytest.raises(ValueError, match="the same target"):
        Settings(model, weak="p/x", strong="p/x")


def test_without_a_model_it_is_said_how_to_make_one() -> None:
    with pytest.raises(ConfigurationError, match="no model ships; make one with `stellwerk models learn --input"):
        build(Settings())


def test_a_model_that_is_away_is_refused_with_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: no such file or directory; no model ships"):
        build(Settings(str(tmp_path / "away")))


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_text("{}")
    with pytest.raises(ConfigurationError, match=r"other: this is no model that `stellwerk models learn` made"):
        build(Settings(str(path)))


def test_a_file_is_read_up_to_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES * 4)
    with pytest.raises(ConfigurationError, match="it has more than 67,108,864 bytes"):
        build(Settings(str(path)))


@pytest.mark.parametrize(("cuts", "best"), [((Cut(0.9, 0.1, 0.98),), "0.980"), ((), "0.000")])
def test_a_floor_that_was_not_shown_to_be_kept_is_refused(
    route: LearnedRoute, tmp_path: Path, cuts: tuple[Cut, ...], best: str
) -> None:
    path = tmp_path / "route.model"
    path.write_bytes(encode(msgspec.structs.replace(route, cuts=cuts)))
    with pytest.raises(ConfigurationError, match=f"nothing was found to keep 0.99 of the quality, at most {best}"):
        build(Settings(str(path)))


def test_the_model_is_a_file_by_its_option() -> None:
    assert set(learned.FILES) <= {field.name for field in msgspec.structs.fields(Settings)}
