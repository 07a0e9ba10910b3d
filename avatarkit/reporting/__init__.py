"""What was made, on one page: pictures of every step, its records, licences, warnings.

dossier    all that is known of one subject: what `report` is given
tiles      its pictures, drawn once for both the page and the contact sheet
warning    what a user should know
page       the HTML
"""

from avatarkit.reporting.dossier import Dossier, Entry
from avatarkit.reporting.page import Report, report

__all__ = ["Dossier", "Entry", "Report", "report"]
