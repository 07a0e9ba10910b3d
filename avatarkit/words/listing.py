"""The words for people to look up: the whole vocabulary, and the nearest known word to one that is not known."""

from difflib import get_close_matches

from avatarkit.words.lexicon import VOCABULARY
from avatarkit.words.looks import LOOKS
from avatarkit.words.phrases import known_phrases
from avatarkit.words.tokens import MEASURES, normalised
from avatarkit.words.wardrobe import CLOTHES


def vocabulary() -> str:
    """Every word that `understood` knows (function words left out), as a Markdown table."""
    rows = [
        f"| {section} | {' · '.join(entries)} |"
        for table in (VOCABULARY, CLOTHES, LOOKS)
        for section, entries in table.items()
    ]
    numbers = f"| Numbers | {' · '.join(examples for examples, *_ in MEASURES)} |"
    return "\n".join(["| | words |", "| --- | --- |", *rows, numbers]) + "\n"


def nearest(word: str) -> str | None:
    """The known word or phrase spelt most like one that is not known, `jeans` for `jaens`; None where there is none."""
    spellings = {" ".join(key): phrase.spelling for key, phrase in known_phrases().items()}
    if normalised(word) in spellings:
        return None
    found = get_close_matches(normalised(word), spellings, n=1, cutoff=0.75)
    return spellings[found[0]] if found else None
