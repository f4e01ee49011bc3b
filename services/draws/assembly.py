"""Builds the services of draws."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.base import Deps
from services.core.due_tasks import DueTask
from services.core.signed_links import Links
from services.draws.access import DrawAccess
from services.draws.activity_end import ActivityEnd
from services.draws.attendance.absence_queries import AbsenceQueries
from services.draws.attendance.attendance_queries import AttendanceQueries
from services.draws.attendance.check_in import VenueCheckIn
from services.draws.attendance.discard_queries import DiscardQueries
from services.draws.attendance.discards import DISCARDS_DUE, Discards
from services.draws.attendance.gathering_times import GatheringTimes
from services.draws.attendance.supplements import Supplements
from services.draws.attendance.urging import Urging
from services.draws.call_order.rounds import Rounds
from services.draws.calls.calling import Calling
from services.draws.calls.invitation_queries import InvitationQueries
from services.draws.calls.invitations import Invitations
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
from services.draws.results.record_files import RecordFiles
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
from services.draws.verification import UNVERIFIED, Verification
from services.draws.verification_queries import VerificationQueries
from services.draws.virtual_calls import UNREPORTED, VirtualCalls
from services.draws.worklists import WorkLists
from services.files import FileServices
from services.inspection.checker import FileChecker
from services.notifications import Notices
from services.ports import CallBridge, DocumentRenderer, DrawRelay, OfficialAccountSender


@dataclass(frozen=True)
class DrawServices:
    projects: Projects
    project_queries: ProjectQueries
    supervisors: SupervisorRegister
    supervisor_queries: SupervisorQueries
    setup: DrawSetup
    operators: Operators
    copies: DrawCopies
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
    calling: Calling
    invitations: Invitations
    invitation_queries: InvitationQueries
    absence_queries: AbsenceQueries
    supplements: Supplements
    gathering_times: GatheringTimes
    discards: Discards
    discard_queries: DiscardQueries
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
    due_tasks: tuple[DueTask, ...]


@dataclass(frozen=True)
class DrawPorts:
    """Outside dependencies of draws."""

    official: OfficialAccountSender
    checker: FileChecker
    renderer: DocumentRenderer
    relay: DrawRelay
    bridge: CallBridge


def build(deps: Deps, notices: Notices, links: Links, files: FileServices, ports: DrawPorts) -> DrawServices:
    access, calling, rounds = DrawAccess(deps), Calling(deps, notices), Rounds(deps, notices)
    queries, progress, records = DrawQueries(deps, access), DrawProgress(deps, access), PublicRecords(deps, access)
    setup, recusal_lists, verification = DrawSetup(deps, notices), RecusalLists(deps), Verification(deps, notices)
    invitations = Invitations(deps, notices)
    gathering_times = GatheringTimes(deps, notices, invitations)
    bridged = VirtualCalls(deps, ports.bridge)
    project_queries, attendance_queries = ProjectQueries(deps), AttendanceQueries(deps, links, access, bridged)
    recall_queries = RecallQueries(deps, access, bridged)
    verification_queries = VerificationQueries()
    release_queries = ReleaseQueries(deps, access, verification_queries, bridged)
    releases = Releases(deps, notices, release_queries, bridged)
    discard_queries, digests = DiscardQueries(access), Digests(deps, notices)
    discards = Discards(deps, notices, invitations, access, discard_queries)
    results, record_files = DrawResults(deps, access), RecordFiles(records)
    urging, activity_end = Urging(deps, notices, access, bridged), ActivityEnd(deps, notices)
    return DrawServices(
        projects=Projects(deps, project_queries),
        project_queries=project_queries,
        supervisors=SupervisorRegister(deps),
        supervisor_queries=SupervisorQueries(deps),
        setup=setup,
        operators=Operators(deps),
        copies=DrawCopies(deps, access, setup),
        redraws=RedrawsAndRecalls(deps, setup),
        releases=releases,
        release_queries=release_queries,
        recalls=Recalls(deps, notices, access, recall_queries, invitations, bridged),
        recall_queries=recall_queries,
        attachments=DrawAttachments(deps, files.store, access, ports.checker),
        documents=DrawDocuments(deps, ports.renderer, queries),
        recusal_lists=recusal_lists,
        recusal_import=RecusalImport(recusal_lists, ports.checker),
        previews=DrawPreviews(deps),
        verification=verification,
        verification_queries=verification_queries,
        rounds=rounds,
        calling=calling,
        invitations=invitations,
        invitation_queries=InvitationQueries(deps),
        absence_queries=AbsenceQueries(deps, access),
        supplements=Supplements(deps, notices, calling, rounds, gathering_times),
        gathering_times=gathering_times,
        discards=discards,
        discard_queries=discard_queries,
        attendance=VenueCheckIn(deps, notices, links, access, ports.official, attendance_queries),
        attendance_queries=attendance_queries,
        urging=urging,
        activity_end=activity_end,
        access=access,
        queries=queries,
        worklists=WorkLists(deps, access),
        progress=progress,
        live=LiveDraws(progress, ports.relay),
        results=results,
        prints=DrawPrints(deps, ports.renderer, queries, results, records),
        public_records=records,
        public_links=PublicLinks(deps, access, progress, record_files, links),
        finished_records=FinishedRecords(deps, record_files),
        audits=DrawAudits(deps, access),
        virtual_calls=bridged,
        due_tasks=(
            DueTask("discards", DISCARDS_DUE, discards.lapse_due),
            DueTask("digests", DIGESTS_DUE, digests.notify_due),
            DueTask("release_text", f"EXISTS ({UNREACHED})", releases.write_to_unreached),
            DueTask("release_overdue", f"EXISTS ({overdue_releases(deps)})", releases.refuse_overdue),
            DueTask("release_reminders", "", releases.remind_due),
            DueTask("unverified", UNVERIFIED, verification.refuse_overdue),
            DueTask("virtual_calls", UNREPORTED, bridged.check_due),
            DueTask("late", "", urging.notify_late),
            DueTask("end", "", activity_end.end_due),
        ),
    )
