"""Puts the H5 pages into the application."""

from __future__ import annotations

import aiohttp.web as http

from services.registry import Services
from web.account import AccountPages
from web.applying import ApplyingPages
from web.board import BoardPages
from web.certificates import CertificatePages
from web.desk import DeskPages
from web.exam_booking import ExamBookingPages
from web.exam_pictures import ExamPicturePages
from web.exams import ExamPages
from web.file_links import FileLinkPages
from web.identity import IdentityPages
from web.invitations import InvitationPages
from web.login import AuthPages
from web.materials import MaterialPages
from web.mini_entry import MiniEntryPages
from web.office import OfficePages
from web.paper_files import PaperFilePages
from web.papers import PaperPages
from web.pay import PayPages
from web.public_notices import PublicNoticePages
from web.record import RecordPages
from web.registration import RegistrationPages
from web.review import ReviewPages
from web.short_links import ShortLinkPages
from web.site import AddressOf, Limit, Site
from web.venue import VenuePages
from web.wechat_joining import JoiningPages
from web.wechat_login import WechatPages


def setup_pages(
    app: http.Application,
    services: Services,
    *,
    embed_in: str = "",
    limit: Limit | None = None,
    address_of: AddressOf | None = None,
) -> None:
    """Add all pages. ``embed_in`` names the origins that may frame them, as in CSP; empty: nobody.

    ``limit`` counts tries per client; without it nobody does. ``address_of`` is the client's address behind proxies.
    """
    site = Site(app, services, embed_in=embed_in, limit=limit, address_of=address_of)
    screens = services.draws.public_links
    door = AuthPages(site, services, services.accounts.web_sessions)
    account = AccountPages(site, services, door)
    for pages in (
        InvitationPages(site, services),
        ShortLinkPages(site, services),
        VenuePages(site, services),
        door,
        IdentityPages(site, services, door, services.accounts.web_sessions),
        WechatPages(site, services, door, services.accounts.web_sessions),
        JoiningPages(site, services, door),
        MiniEntryPages(site, services, door),
        RegistrationPages(site, services, door),
        DeskPages(site, services, door, screens),
        BoardPages(site, screens),
        RecordPages(site, screens, services.deps.public_url),
        PaperPages(site, services),
        PaperFilePages(site, services, door),
        FileLinkPages(site, services),
        ExamPicturePages(site, services),
        MaterialPages(site, services, door),
        CertificatePages(site, services, door),
        ExamPages(site, services, door),
        PayPages(site, services, door),
        account,
        ApplyingPages(site, services, door, account.bar),
        ExamBookingPages(site, services, door),
        OfficePages(site, services, door),
        PublicNoticePages(site, services, door),
        ReviewPages(site, services, door),
    ):
        pages.add_routes()
    site.add_missing("i", "n", "v", "h5", "desk", "office", "draw", "record", "p", "c", "review", "x")
