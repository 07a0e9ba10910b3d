"""Which of two results do people prefer? A page that asks them blindly, and the count of what they said [Chupa §4.3].

page       pairs of meshes, left and right by chance, and the questions
counting   votes to shares, with an interval and a p-value
"""

from avatarkit.comparing.counting import Tally, counted, told
from avatarkit.comparing.page import QUESTIONS, Pair, page

__all__ = ["QUESTIONS", "Pair", "Tally", "counted", "page", "told"]
