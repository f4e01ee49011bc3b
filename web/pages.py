"""Puts the H5 pages into the application."""

from __future__ import annotations

import aiohttp.web as http

from services.registry import Services
from web.invitations import InvitationPages
from web.site import Site


def setup_pages(app: http.Application, services: Services, *, embed_in: str = "") -> None:
    """Add all pages. ``embed_in`` names the origins that may frame them, as in CSP; empty: nobody."""
    site = Site(app, services, embed_in=embed_in)
    InvitationPages(site, services).add_routes()
