"""What offices look at across all nouns, put together once."""

from __future__ import annotations

from dataclasses import dataclass

from services.certificates import Issuing
from services.core.base import Deps
from services.draws import DrawServices
from services.notifications import Notifier
from services.office.application_list import ApplicationList
from services.office.dashboard import Dashboard
from services.office.experts import ExpertAdministration
from services.office.exports import Exports
from services.office.late_certificates import LateCertificates
from services.office.staff_work import StaffWork
from services.reviews import ReviewServices


@dataclass(frozen=True)
class OfficeServices:
    dashboard: Dashboard
    applications: ApplicationList
    experts: ExpertAdministration
    exports: Exports
    staff_work: StaffWork
    late_certificates: LateCertificates


def build(
    deps: Deps, notices: Notifier, draws: DrawServices, reviews: ReviewServices, certificates: Issuing
) -> OfficeServices:
    dashboard = Dashboard(deps)
    return OfficeServices(
        dashboard=dashboard,
        applications=ApplicationList(deps),
        experts=ExpertAdministration(deps, notices, draws.calling),
        exports=Exports(deps),
        staff_work=StaffWork(deps, draws.access, draws.discards, reviews.queue, dashboard),
        late_certificates=LateCertificates(deps, certificates),
    )
