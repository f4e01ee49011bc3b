"""Pages of remuneration (专家酬劳): the venue's at the desk, the expert's own. The agency's tab lies with its pages."""

from web.remuneration.desk import RemunerationDeskPages
from web.remuneration.own import OwnRemunerationPages

__all__ = ["OwnRemunerationPages", "RemunerationDeskPages"]
