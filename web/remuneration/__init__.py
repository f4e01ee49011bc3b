"""Pages of remuneration (专家酬劳): the venue's, the expert's own. The agency's tab lies with its pages."""

from web.remuneration.own import OwnRemunerationPages
from web.remuneration.venue import VenueRemunerationPages

__all__ = ["OwnRemunerationPages", "VenueRemunerationPages"]
