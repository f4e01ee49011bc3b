"""Pages of remuneration (专家酬劳) for venue and expert. The agency's tab is in ``web.agency``."""

from web.remuneration.own import OwnRemunerationPages
from web.remuneration.venue import VenueRemunerationPages

__all__ = ["OwnRemunerationPages", "VenueRemunerationPages"]
