"""What a pool's first page shows to everybody, without a log-in."""

from services.front_page.queries import FrontPage, FrontPageQueries
from services.front_page.registry import FrontPageServices

__all__ = ["FrontPage", "FrontPageQueries", "FrontPageServices"]
