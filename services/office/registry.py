"""Use cases of the office, as other packages and edges receive them."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.due_tasks import DueTask
from services.office.application_list import ApplicationList
from services.office.catalogue_upkeep import CatalogueUpkeep
from services.office.dashboard import OfficeDashboard
from services.office.expert_list import ExpertList
from services.office.exports import Exports
from services.office.group_notices import GroupNotices
from services.office.group_reports import GroupReports
from services.office.group_sending import BATCHES_DUE, GroupSending
from services.office.large_exports import LargeExports
from services.office.late_certificates import LateCertificates
from services.office.payment_views import PaymentViews
from services.office.staff_work import StaffWork


@dataclass(frozen=True)
class OfficeServices:
    dashboard: OfficeDashboard
    payment_views: PaymentViews
    applications: ApplicationList
    expert_list: ExpertList
    exports: Exports
    large_exports: LargeExports
    catalogue_upkeep: CatalogueUpkeep
    staff_work: StaffWork
    late_certificates: LateCertificates
    group_notices: GroupNotices
    group_reports: GroupReports
    group_sending: GroupSending

    @property
    def due_tasks(self) -> tuple[DueTask, ...]:
        return (DueTask("group_notice", BATCHES_DUE, self.group_sending.send_due),)
