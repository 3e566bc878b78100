"""Answers that refuse or do not know, and answers that only sound a little like them."""

from __future__ import annotations

import pytest

from stellwerk.core.declining import declines

DECLINING = [
    "I'm sorry, but I can't help with that.",
    "I\u2019m sorry, but I can\u2019t assist with that request.",
    "I am very sorry, but I am unable to do this.",
    "Sorry, I cannot answer questions about this person.",
    "Sorry, but that's not something I can do.",
    "My apologies, but I do not have that document.",
    "I apologize, but I won't write this.",
    "Unfortunately, I don't have access to your calendar.",
    "I can't help with this.",
    "I cannot provide medical advice.",
    "I won't be able to give you a number.",
    "I'm unable to open links.",
    "We are not able to process this.",
    "I must respectfully decline.",
    "As an AI language model, I have no opinions.",
    "As a large language model I cannot feel.",
    "I'm just an AI, so I don't eat.",
    "I don't know.",
    "I do not actually know who wrote it.",
    "I don't have enough context to say.",
    "I'm not sure what you mean.",
    "I have no idea.",
    '  **"I don\'t know."**',
    "Es tut mir leid, aber das kann ich nicht beantworten.",
    "Tut mir sehr leid, dazu habe ich keine Informationen.",
    "Leider kann ich dir dabei nicht helfen.",
    "Ich kann dabei nicht helfen.",
    "Ich kann diese Frage leider nicht beantworten.",
    "Dabei kann ich Ihnen nicht helfen.",
    "Das darf ich nicht sagen.",
    "Als KI habe ich keine Meinung.",
    "Als KI-Sprachmodell habe ich keine Gefühle.",
    "Ich bin nur ein Sprachmodell.",
    "Ich bin eine KI.",
    "Ich weiß es nicht.",
    "Ich weiss das leider nicht.",
    "Das weiß ich nicht.",
    "Ich bin mir nicht sicher.",
    "Ich habe leider keine Ahnung.",
    "„Ich habe keinen Zugriff auf das Internet.“",
]
ANSWERING = [
    "",
    "42",
    '{"answer": "I don\'t know"}',
    "Paris is the capital of France. I'm sorry it took so long.",
    "I'm sorry for your loss. Take all the time you need.",
    "Sorry seems to be the hardest word is a song by Elton John.",
    "Unfortunately, the museum is closed on Mondays.",
    "I can help with that: first, open the settings.",
    "I cannot recommend this hotel highly enough!",
    "I know three ways to do it.",
    "As an airline passenger you have rights.",
    "Leider ist das Museum montags geschlossen.",
    "Ich kann dir drei Wege nennen.",
    "Ich weiß genau, was du meinst.",
    "Als Kind lebte er in Lindau.",
    "Es tut mir leid zu hören, dass der Zug ausfiel.",
    "Das kann man nicht wissen.",
]


@pytest.mark.parametrize("text", DECLINING)
def test_an_answer_that_helps_nobody_is_recognised(text: str) -> None:
    assert declines(text)


@pytest.mark.parametrize("text", ANSWERING)
def test_an_answer_is_not_taken_for_a_refusal(text: str) -> None:
    assert not declines(text)


def test_only_the_beginning_counts() -> None:
    assert not declines("Berlin. " + DECLINING[0])
