"""The words that simulated answers are made of, in English and German."""

from __future__ import annotations

from typing import NamedTuple


class Vocabulary(NamedTuple):
    """Slots of one language: ``{s}`` subject, ``{o}`` object, ``{v}`` verb, ``{a}`` adverbial, ``{c}`` connective."""

    templates: tuple[str, ...]
    slots: dict[str, tuple[str, ...]]
    about: str
    from_tool: str
    refusal: str
    function_words: frozenset[str]


ENGLISH = Vocabulary(
    templates=(
        "{S} {v} {o} {a}.",
        "{C}, {s} {v} {o}.",
        "{S} {v} {o}, and {s} {v} {o} {a}.",
        "{A}, {s} {v} {o}.",
        "{S} {v} {o} because {s} {v} {o}.",
        "{C}, {s} {v} {o} {a}, while {s} {v} {o}.",
        "If {s} {v} {o}, then {s} {v} {o}.",
    ),
    slots={
        "s": (
            "the first option",
            "a short test run",
            "the current plan",
            "the older approach",
            "every step",
            "the team",
            "a careful review",
            "the whole process",
            "the market",
            "one small change",
            "the data",
            "a good example",
            "the library",
            "this method",
            "the summary",
        ),
        "v": (
            "explains",
            "supports",
            "improves",
            "shapes",
            "limits",
            "covers",
            "simplifies",
            "confirms",
            "changes",
            "shows",
        ),
        "o": (
            "the result",
            "most of the cost",
            "the next decision",
            "a clear pattern",
            "three main points",
            "the expected load",
            "a useful comparison",
            "the remaining risk",
            "the overall picture",
            "many everyday cases",
            "the time it takes",
            "a better outcome",
            "the details that matter",
        ),
        "a": (
            "in practice",
            "over time",
            "without much effort",
            "at the same time",
            "in most cases",
            "from the beginning",
            "under normal conditions",
            "on a busy day",
        ),
        "c": ("In addition", "However", "As a rule", "For example", "In short", "By contrast", "For that reason"),
    },
    about='Here is an answer to "{}".',
    from_tool="According to {}, the result is {}.",
    refusal="I'm sorry, but I can't help with that request.",
    function_words=frozenset(
        ["the", "and", "is", "are", "what", "how", "why", "please", "with", "of", "to", "in", "for", "you", "a"]
    ),
)

GERMAN = Vocabulary(
    templates=(
        "{S} {v} {o} {a}.",
        "{C} {v} {s} {o}.",
        "{A} {v} {s} {o}.",
        "{S} {v} {o}, und {s} {v} {o}.",
        "{S} {v} {o}, denn {s} {v} {o}.",
        "{C} {v} {s} {o}, aber {s} {v} {o} {a}.",
    ),
    slots={
        "s": (
            "der erste Vorschlag",
            "ein kurzer Versuch",
            "der jetzige Plan",
            "das bisherige Vorgehen",
            "jeder Schritt",
            "die Gruppe",
            "eine gründliche Prüfung",
            "der ganze Ablauf",
            "die Nachfrage",
            "eine kleine Änderung",
            "das Ergebnis",
            "ein gutes Beispiel",
            "diese Methode",
            "die Übersicht",
        ),
        "v": (
            "erklärt",
            "stützt",
            "verbessert",
            "prägt",
            "begrenzt",
            "umfasst",
            "vereinfacht",
            "bestätigt",
            "verändert",
            "zeigt",
        ),
        "o": (
            "den größten Teil der Kosten",
            "die nächste Entscheidung",
            "ein klares Muster",
            "drei wichtige Punkte",
            "die erwartete Last",
            "einen nützlichen Vergleich",
            "das verbleibende Risiko",
            "das Gesamtbild",
            "viele alltägliche Fälle",
            "den nötigen Aufwand",
            "eine bessere Lösung",
            "die entscheidenden Einzelheiten",
        ),
        "a": (
            "in der Praxis",
            "mit der Zeit",
            "ohne großen Aufwand",
            "zur selben Zeit",
            "in den meisten Fällen",
            "von Anfang an",
            "unter üblichen Bedingungen",
            "an einem vollen Tag",
        ),
        "c": ("Außerdem", "Allerdings", "In der Regel", "Zum Beispiel", "Kurz gesagt", "Dagegen", "Deshalb"),
    },
    about="Hier ist eine Antwort auf „{}“.",
    from_tool="Laut {} lautet das Ergebnis {}.",
    refusal="Es tut mir leid, aber dabei kann ich nicht helfen.",
    function_words=frozenset(
        ["der", "die", "das", "und", "ist", "sind", "wie", "warum", "bitte", "mit", "von", "zu", "ein", "nicht", "ich"]
    ),
)

VOCABULARIES = {"en": ENGLISH, "de": GERMAN}
