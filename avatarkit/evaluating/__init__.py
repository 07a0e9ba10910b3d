"""How good results are, in the figures of DESIGN §7: the work of evaluate.

against.py ─► one result and its true mesh      crowds.py ─► two sets of people      report.py ─► what is printed
"""

from avatarkit.evaluating.against import Sitter, bare, check, evaluated
from avatarkit.evaluating.crowds import compared
from avatarkit.evaluating.report import Report

__all__ = ["Report", "Sitter", "bare", "check", "compared", "evaluated"]
