"""Builds the services of the office."""

from __future__ import annotations

from dataclasses import dataclass

from services.certificates import Issuing
from services.core.base import Deps
from services.core.signed_links import Links
from services.draws import DrawServices
from services.files import SealedFiles
from services.notifications import Notices
from services.office.application_list import ApplicationList
from services.office.dashboard import OfficeDashboard
from services.office.experts import ExpertAdministration
from services.office.exports import Exports
from services.office.large_exports import LargeExports
from services.office.late_certificates import LateCertificates
from services.office.payment_views import PaymentViews
from services.office.staff_work import StaffWork
from services.reviews import ReviewServices


@dataclass(frozen=True)
class OfficeServices:
    dashboard: OfficeDashboard
    payment_views: PaymentViews
    applications: ApplicationList
    experts: ExpertAdministration
    exports: Exports
    large_exports: LargeExports
    staff_work: StaffWork
    late_certificates: LateCertificates


def build(
    deps: Deps,
    notices: Notices,
    links: Links,
    store: SealedFiles,
    draws: DrawServices,
    reviews: ReviewServices,
    certificates: Issuing,
) -> OfficeServices:
    dashboard, exports = OfficeDashboard(deps), Exports(deps)
    return OfficeServices(
        dashboard=dashboard,
        payment_views=PaymentViews(deps),
        applications=ApplicationList(deps),
        experts=ExpertAdministration(deps, notices),
        exports=exports,
        large_exports=LargeExports(deps, links, store, exports),
        staff_work=StaffWork(
            deps, draws.access, draws.discard_queries, draws.release_queries, draws.worklists, reviews.queue, dashboard
        ),
        late_certificates=LateCertificates(deps, certificates),
    )
