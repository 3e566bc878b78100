"""Outcomes that are made up: a weak model that fails on one kind of prompt."""

import random

from stellwerk.core.learned_training import Outcome

SUBJECTS = ("capital", "colour", "animal", "river", "author", "year")


def outcomes(count: int, seed: int = 0) -> list[Outcome]:
    """Half of the prompts ask for proofs, at which the weak model fails mostly; at the others hardly ever."""
    dice = random.Random(seed)
    made = []
    for number in range(count):
        is_proof = dice.random() < 0.5
        prompt = f"{'Prove that' if is_proof else 'Name the'} {dice.choice(SUBJECTS)} {number} {dice.random()}"
        weak = dice.random() < (0.3 if is_proof else 0.99)
        made.append(Outcome(prompt, float(weak), float(dice.random() < 0.99)))
    return made
