"""From a sentence to what it says about a person. Standard library only, no model, nothing guessed.

`lexicon`  the words, as a table to read and extend · `tokens`  numbers with units, words · `hearing`  phrases, degrees,
contradictions
"""

from avatarkit.words.hearing import Description, understood, vocabulary
from avatarkit.words.lexicon import average_height

__all__ = ["Description", "average_height", "understood", "vocabulary"]
