"""Fuzzes what reads verdicts of services: whatever the bytes, there are findings inside of the text, or none at all."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

TEXT = "\U0001f600 Hi, write to jane@example.com, J\u200bane Doe"
BASE = {"base_url": "http://127.0.0.1:9"}
AWS = {**BASE, "region": "eu-central-1", "access_key_id": "a", "secret_access_key": "b"}
CHECKS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("bedrock", {**AWS, "pii": ["EMAIL"]}),
    ("bedrock", {**AWS, "guardrail": "abc"}),
    ("comprehend", AWS),
    ("comprehend", {**AWS, "detect": "toxicity"}),
    ("openai_moderation", BASE),
    ("prompt_guard", BASE),
    ("prompt_guard", {**BASE, "api": "vllm"}),
    ("llama_guard", BASE),
    ("azure", {**BASE, "api_key": "k"}),
    ("azure", {**BASE, "api_key": "k", "detect": "attacks"}),
    ("azure", {**BASE, "api_key": "k", "detect": "pii"}),
    ("gemini", {**BASE, "api_key": "k"}),
)


def load() -> Callable[[list[bytes]], object]:
    """The check."""
    from stellwerk import plugins
    from stellwerk.errors import GuardrailUnavailable
    from stellwerk.text.reading import read

    checks: list[Any] = [plugins.build("guardrails", use, options) for use, options in CHECKS]
    subjects = (read(TEXT),)

    def check(pieces: list[bytes]) -> None:
        body = b"".join(pieces)
        for judge in checks:
            try:
                (findings,) = judge.read(subjects, 200, {}, body)
            except GuardrailUnavailable:
                continue
            for finding in findings:
                assert 0 <= finding.score <= 1
                assert {span.type for span in finding.spans} <= {finding.category}
                assert all(0 <= span.start < span.end <= len(TEXT) for span in finding.spans)
                ends = [span.end for span in finding.spans]
                assert all(end <= span.start for end, span in zip(ends, finding.spans[1:], strict=False))

    return check


def seeds() -> list[bytes]:
    """What each service may say, and what none does."""
    return [
        (
            b'{"results":{"contentFilter":{"results":[{"category":"HATE","severityScore":0.9}]},"promptAttack":{"results":'
            b'[{"category":"JAILBREAK","severityScore":1}]},"sensitiveInformation":{"results":[{"type":"EMAIL",'
            b'"confidenceScore":0.9,"beginOffset":15,"endOffset":31,"messageIndex":0,"contentIndex":0}]}}}'
        ),
        (
            b'{"action":"GUARDRAIL_INTERVENED","assessments":[{"sensitiveInformationPolicy":{"piiEntities":[{"type":"NAME",'
            b'"match":"Jane Doe","action":"ANONYMIZED"}],"regexes":[]},"topicPolicy":{"topics":[]}}]}'
        ),
        b'{"Entities":[{"Score":0.99,"Type":"EMAIL","BeginOffset":14,"EndOffset":30}]}',
        b'{"ResultList":[{"Labels":[{"Name":"INSULT","Score":0.9}],"Toxicity":0.9}]}',
        b'{"results":[{"flagged":true,"categories":{"hate":true},"category_scores":{"hate":0.9}}]}',
        b'[[{"label":"BENIGN","score":0.25},{"label":"MALICIOUS","score":0.75}]]',
        b'{"data":[{"index":0,"label":"LABEL_1","probs":[0.25,0.75]}]}',
        (
            b'{"choices":[{"message":{"content":"unsafe\\nS1,S10"},"finish_reason":"stop","logprobs":{"content":['
            b'{"token":"unsafe","logprob":-0.1,"top_logprobs":[]}]}}]}'
        ),
        (
            b'{"categoriesAnalysis":[{"category":"Hate","severity":6},{"category":"SelfHarm","severity":0},'
            b'{"category":"Sexual","severity":0},{"category":"Violence","severity":0}],"blocklistsMatch":[]}'
        ),
        b'{"userPromptAnalysis":{"attackDetected":true},"documentsAnalysis":[]}',
        (
            b'{"kind":"PiiEntityRecognitionResults","results":{"documents":[{"id":"0","entities":[{"text":"jane@example.com",'
            b'"category":"Email","offset":14,"length":16,"confidenceScore":0.9}],"warnings":[]}],"errors":[]}}'
        ),
        (
            b'{"promptFeedback":{"blockReason":"SAFETY","safetyRatings":[{"category":"HARM_CATEGORY_HATE_SPEECH",'
            b'"probability":"HIGH","blocked":true}]}}'
        ),
        b'{"candidates":[{"finishReason":"MAX_TOKENS"}]}',
        b"[" * 2_000,
        b'{"x":1e999,"choices":null}',
    ]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.fuzz.kit.harness import fuzz

    fuzz(load, seeds())
