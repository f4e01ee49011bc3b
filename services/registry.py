"""All use cases by noun, as edges get them. ``app.assembly`` builds it once."""

from __future__ import annotations

from dataclasses import dataclass

from services.accounts.assembly import AccountServices
from services.applications.assembly import ApplicationServices
from services.catalogues import Catalogues
from services.core.base import Deps
from services.core.signed_links import Links
from services.draws.assembly import DrawServices
from services.entry.assembly import EntryServices
from services.experts.assembly import ExpertServices
from services.files.assembly import FileServices
from services.notifications.assembly import NotificationServices
from services.office.assembly import OfficeServices
from services.operations.assembly import OperationServices
from services.organisations.assembly import OrganisationServices
from services.payments.assembly import PaymentServices
from services.ports import IdentityPlatform, OfficialAccountSender, WechatWeb
from services.reviews.assembly import ReviewServices


@dataclass(frozen=True)
class Services:
    """``official``, ``web`` and ``identity`` are ports that edges call directly: QR codes, log-in by browser."""

    deps: Deps
    links: Links
    catalogues: Catalogues
    accounts: AccountServices
    organisations: OrganisationServices
    experts: ExpertServices
    applications: ApplicationServices
    reviews: ReviewServices
    payments: PaymentServices
    entry: EntryServices
    draws: DrawServices
    notifications: NotificationServices
    files: FileServices
    office: OfficeServices
    operations: OperationServices
    official: OfficialAccountSender
    web: WechatWeb
    identity: IdentityPlatform
