"""``stellwerk bench guardrails``: figures of the user's own texts, beside other tools where they are installed."""

import importlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from stellwerk.cli import main

CONFIG = '[[guardrails]]\nuse = "pii"\n[[guardrails]]\nuse = "topic"\ntopics = [{ name = "gold", terms = ["gold"] }]\n'
PII: list[dict[str, Any]] = [
    {"text": "Mail a@example.org", "spans": [{"start": 5, "end": 18, "type": "EMAIL_ADDRESS"}]},
    {"text": "Mail nobody", "spans": [{"start": 5, "end": 11, "type": "PERSON"}]},
]
LABELS = [{"text": "one", "label": 1}, {"text": "two", "label": 0}, {"text": "three", "label": 0}]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stellwerk.toml").write_text(CONFIG)
    for name, rows in (("pii", PII), ("labels", LABELS)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    for package in ("presidio_analyzer", "profanity_check", "svguardian", "nukon_pi_detect"):
        monkeypatch.setitem(sys.modules, package, None)
        monkeypatch.delitem(sys.modules, package)
    return tmp_path


def bench(*arguments: str) -> int:
    return main(["bench", "guardrails", "--config", "stellwerk.toml", *arguments])


def test_personal_data_is_measured_by_type(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("--pii", "pii.jsonl") == 0
    shown = capsys.readouterr().out
    assert "personal data, 2 texts of pii.jsonl\n" in shown
    assert "EMAIL_ADDRESS                   1      1.000   1.000   1.000\n" in shown
    assert "PERSON                          1      0.000   0.000   0.000\n" in shown
    assert "presidio: skipped, presidio-analyzer is not installed\n" in shown
    assert "published, not measured here:\nLLM Guard           attacks: 104 ms for 384 characters with ONNX" in shown


def test_classifiers_are_measured_by_score(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("--injection", "labels.jsonl", "--toxicity", "labels.jsonl", "--threshold", "0.7") == 0
    shown = capsys.readouterr().out
    assert "stellwerk: 1 to be found, 2 harmless" in shown
    assert "  AUC                     0.500 (" in shown
    assert "  found from 0.7          0.000 (" in shown
    for package in ("alt-profanity-check", "nukon-pi-detect", "securevector-guardian-model"):
        assert f"{package}: skipped, {package} is not installed\n" in shown


def test_figures_are_one_document_where_that_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("--pii", "pii.jsonl", "--harmful", "labels.jsonl", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["checks"] == ["pii", "topic"]
    assert told["pii"]["types"]["EMAIL_ADDRESS"]["f1"] == 1
    assert told["harmful"]["stellwerk"]["auc"]["value"] == 0.5
    assert told["harmful"]["stellwerk"]["micros"].keys() == {"p50", "p99"}
    assert told["pii"]["presidio"] == {"skipped": "presidio-analyzer is not installed"}
    assert {each["tool"] for each in told["published"]} >= {"LLM Guard", "Prompt Guard 2 86M"}


def test_a_policy_pack_can_be_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "guardrails", "--pii", "pii.jsonl", "--policy", "general", "--json"]) == 0
    assert "crisis" in json.loads(capsys.readouterr().out)["checks"]


PEERS = {
    "presidio_analyzer/__init__.py": """
class Hit:
    start, end, entity_type = 5, 18, "EMAIL_ADDRESS"


class AnalyzerEngine:
    def __init__(self, nlp_engine, supported_languages):
        assert (nlp_engine, supported_languages) == ("engine", ["en"])

    def analyze(self, text, language):
        return [Hit] if "@" in text else []
""",
    "presidio_analyzer/nlp_engine.py": """
class NlpEngineProvider:
    def __init__(self, nlp_configuration):
        assert nlp_configuration["models"][0]["model_name"] == "en_core_web_sm"

    def create_engine(self):
        return "engine"
""",
    "profanity_check.py": "def predict_prob(texts):\n    return [float(texts[0] == 'one')]\n",
    "nukon_pi_detect.py": """
from types import SimpleNamespace


def scan(text):
    return SimpleNamespace(score=0.9 if text == "one" else 0.0)
""",
    "svguardian/__init__.py": """
def resolve_runtime(*, download):
    assert not download
    return __file__.replace("__init__.py", "weights")
""",
    "svguardian/model/__init__.py": "",
    "svguardian/model/pure_infer.py": """
class PureGuardian:
    threshold = 0.7

    @classmethod
    def load(cls, path):
        return cls()
""",
    "svguardian/window.py": """
def predict_windowed(model, text):
    return {"malicious_score": 0.75 if text == "one" else 0.6}
""",
}


def test_other_tools_are_measured_on_the_same_texts(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Packages with the interface of the other tools: these need models that nobody fetches for a test."""
    for name, code in PEERS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(code)
    monkeypatch.syspath_prepend(str(folder))
    assert bench("--pii", "pii.jsonl") == 0
    assert "presidio: skipped, needs a model of spaCy" in capsys.readouterr().out
    (folder / "en_core_web_sm.py").write_text("")
    importlib.invalidate_caches()
    assert bench("--pii", "pii.jsonl", "--toxicity", "labels.jsonl") == 0
    shown = capsys.readouterr().out
    assert "EMAIL_ADDRESS                   1      1.000   1.000   1.000         1.000\n" in shown
    assert "presidio: half of the texts within " in shown
    assert "alt-profanity-check: 1 to be found, 2 harmless" in shown
    assert "  AUC                     1.000 (" in shown
    assert bench("--injection", "labels.jsonl") == 0
    assert "securevector-guardian-model: skipped, its weights are not there" in capsys.readouterr().out
    (folder / "svguardian/weights").write_text("")
    assert bench("--injection", "labels.jsonl", "--json") == 0
    told = json.loads(capsys.readouterr().out)["injection"]
    assert {tool: told[tool]["threshold"] for tool in told} == {
        "stellwerk": 0.5,
        "securevector-guardian-model": 0.7,
        "nukon-pi-detect": 0.85,
    }
    assert told["securevector-guardian-model"]["found"]["value"] == told["nukon-pi-detect"]["auc"]["value"] == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "expected at least one of --pii"),
        (("--pii", "labels.jsonl"), "labels.jsonl:1: expected an object with a text and spans of start, end and type"),
        (("--harmful", "pii.jsonl"), "pii.jsonl:1: expected an object with a text and a label of 0 or 1"),
        (("--harmful", "none.jsonl"), "none.jsonl: the texts cannot be read: no such file"),
        (("--harmful", "empty.jsonl"), "empty.jsonl: expected texts, found none"),
        (("--harmful", "same.jsonl"), "same.jsonl: expected texts with the label 1 and with the label 0"),
    ],
)
def test_what_cannot_be_measured_is_told(
    folder: Path, arguments: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "empty.jsonl").write_text("\n")
    (folder / "same.jsonl").write_text('{"text": "a", "label": 1}\n')
    assert bench(*arguments) == 1
    assert reason in capsys.readouterr().err


def test_a_terminal_sees_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr("stellwerk.cli.bench_guardrails._SHOWN_EVERY_S", -1)
    assert bench("--harmful", "labels.jsonl") == 0
    assert "measuring, 2 of 3" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[K")
