"""Use cases of draws, as other packages and edges receive them, and what becomes due."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.due_tasks import DueTask
from services.draws.access import DrawAccess
from services.draws.activity_end import ActivityEnd
from services.draws.attendance.absence_queries import AbsenceQueries
from services.draws.attendance.attendance_queries import AttendanceQueries
from services.draws.attendance.check_in import VenueCheckIn
from services.draws.attendance.declared_recusals import DeclaredRecusals
from services.draws.attendance.discard_queries import DiscardQueries
from services.draws.attendance.discards import DISCARDS_DUE, Discards
from services.draws.attendance.gathering_times import GatheringTimes
from services.draws.attendance.late_arrivals import LateArrivals
from services.draws.attendance.supplements import Supplements
from services.draws.attendance.time_changes import TimeChanges
from services.draws.attendance.unanswered_moves import UnansweredMoves
from services.draws.attendance.urging import Urging
from services.draws.call_order.round_reminders import RoundReminders
from services.draws.call_order.rounds import Rounds
from services.draws.calls.calling import Calling
from services.draws.calls.incoming_calls import IncomingCalls
from services.draws.calls.invitation_queries import InvitationQueries
from services.draws.calls.invitations import Invitations
from services.draws.calls.openings import Openings
from services.draws.digests import DIGESTS_DUE, Digests
from services.draws.follow_ups.recall_queries import RecallQueries
from services.draws.follow_ups.recalls import Recalls
from services.draws.follow_ups.redraws import RedrawsAndRecalls
from services.draws.follow_ups.release_queries import ReleaseQueries
from services.draws.follow_ups.releases import UNREACHED, Releases, overdue_releases
from services.draws.live import LiveDraws
from services.draws.progress import DrawProgress
from services.draws.projects.project_queries import ProjectQueries
from services.draws.projects.projects import Projects
from services.draws.queries import DrawQueries
from services.draws.results.audits import DrawAudits
from services.draws.results.finished_records import FinishedRecords
from services.draws.results.prints import DrawPrints
from services.draws.results.public_links import PublicLinks
from services.draws.results.public_record import PublicRecords
from services.draws.results.results import DrawResults
from services.draws.setup.attachments import DrawAttachments
from services.draws.setup.copying import DrawCopies
from services.draws.setup.documents import DrawDocuments
from services.draws.setup.draw_setup import DrawSetup
from services.draws.setup.operators import Operators
from services.draws.setup.previews import DrawPreviews
from services.draws.setup.recusal_import import RecusalImport
from services.draws.setup.recusal_lists import RecusalLists
from services.draws.setup.supervisor_queries import SupervisorQueries
from services.draws.setup.supervisor_register import SupervisorRegister
from services.draws.setup.whole_requests import WholeRequests
from services.draws.verification import UNVERIFIED, Verification
from services.draws.verification_queries import VerificationQueries
from services.draws.virtual_calls import UNREPORTED, VirtualCalls
from services.draws.worklists import WorkLists


@dataclass(frozen=True)
class DrawServices:
    projects: Projects
    project_queries: ProjectQueries
    supervisors: SupervisorRegister
    supervisor_queries: SupervisorQueries
    setup: DrawSetup
    operators: Operators
    copies: DrawCopies
    whole_requests: WholeRequests
    redraws: RedrawsAndRecalls
    recalls: Recalls
    recall_queries: RecallQueries
    releases: Releases
    release_queries: ReleaseQueries
    attachments: DrawAttachments
    documents: DrawDocuments
    recusal_lists: RecusalLists
    recusal_import: RecusalImport
    previews: DrawPreviews
    verification: Verification
    verification_queries: VerificationQueries
    rounds: Rounds
    round_reminders: RoundReminders
    calling: Calling
    invitations: Invitations
    invitation_queries: InvitationQueries
    incoming_calls: IncomingCalls
    openings: Openings
    absence_queries: AbsenceQueries
    supplements: Supplements
    gathering_times: GatheringTimes
    time_changes: TimeChanges
    unanswered_moves: UnansweredMoves
    late_arrivals: LateArrivals
    discards: Discards
    discard_queries: DiscardQueries
    declared_recusals: DeclaredRecusals
    attendance: VenueCheckIn
    attendance_queries: AttendanceQueries
    urging: Urging
    activity_end: ActivityEnd
    access: DrawAccess
    queries: DrawQueries
    worklists: WorkLists
    progress: DrawProgress
    live: LiveDraws
    results: DrawResults
    public_records: PublicRecords
    public_links: PublicLinks
    finished_records: FinishedRecords
    prints: DrawPrints
    audits: DrawAudits
    virtual_calls: VirtualCalls
    digests: Digests

    @property
    def due_tasks(self) -> tuple[DueTask, ...]:
        overdue = overdue_releases(self.releases.deps)
        return (
            DueTask("discards", DISCARDS_DUE, self.discards.lapse_due),
            DueTask("digests", DIGESTS_DUE, self.digests.notify_due),
            DueTask("release_text", f"EXISTS ({UNREACHED})", self.releases.send_sms_to_unreached),
            DueTask("release_overdue", f"EXISTS ({overdue})", self.releases.refuse_overdue),
            DueTask("release_reminders", "", self.releases.remind_due),
            DueTask("time_reminders", "", self.unanswered_moves.remind_due),
            DueTask("round_reminders", "", self.round_reminders.remind_due),
            DueTask("unverified", UNVERIFIED, self.verification.refuse_overdue),
            DueTask("virtual_calls", UNREPORTED, self.virtual_calls.check_due),
            DueTask("recalls", "", self.recalls.complete_due),
            DueTask("late", "", self.urging.notify_late),
            DueTask("end", "", self.activity_end.end_due),
        )
