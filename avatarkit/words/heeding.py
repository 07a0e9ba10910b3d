"""Words taken to heart: what a sentence says, with every doubt about it logged."""

import logging

from avatarkit.words.hearing import Description, understood
from avatarkit.words.listing import nearest

log = logging.getLogger("avatarkit")


def heeded(text: str) -> Description:
    """What a sentence says; what it does not is logged as warnings, each once."""
    description = understood(text)
    for warning in description.warnings:
        log.warning("prompt: %s", warning)
    if description.unknown:
        words = [(repr(word), nearest(word)) for word in dict.fromkeys(description.unknown)]
        unknown = ", ".join(f"{word} ({known}?)" if known else word for word, known in words)
        log.warning("prompt: not understood, and not heeded: %s", unknown)
    return description
