"""From a sentence to what it says about a person, and back. Standard library only, no model, nothing guessed.

`lexicon`, `wardrobe`, `looks`, `colours`  the words, as tables to read and extend · `tokens`  words, measures ·
`phrases`  the longest known one · `binding`  adjectives to nouns · `wishes`, `meeting`  what is worn, and whether it
is · `hearing`  the body, degrees, contradictions · `telling`, `garments`, `voice`  captions · `listing`  the words to
look up
"""

from avatarkit.words.hearing import Description, understood
from avatarkit.words.lexicon import average_height
from avatarkit.words.listing import nearest, vocabulary
from avatarkit.words.telling import caption
from avatarkit.words.wishes import Wish, Wishes

__all__ = ["Description", "Wish", "Wishes", "average_height", "caption", "nearest", "understood", "vocabulary"]
