"""Draws (抽取): projects, set-up, verification, the fixing of the order, calling, answers, attendance, audit.

Everything that changes a draw runs under its row lock (``locks.lock``).
"""

from services.draws.access import DrawAccess
from services.draws.activity_end import EVALUATING, NOBODY_ENTERED
from services.draws.attendance.absence_queries import ABSENCES_MAX, AbsenceRow
from services.draws.attendance.attendance_queries import AnnouncedArrival, AttendanceRow, ScannedPanel, UrgingLine
from services.draws.attendance.attendance_rules import venue_position
from services.draws.attendance.check_in import CheckedIn, VenueCheckIn
from services.draws.attendance.declared_recusals import DeclaredRecusals, DeclaredUnit, RecusalUnits, UnitForm
from services.draws.attendance.discard_queries import DiscardQueries, DiscardRequestView
from services.draws.attendance.discard_requests import DiscardForm, DiscardKind, RegisteredAbsence
from services.draws.attendance.discards import Discards
from services.draws.attendance.late_arrivals import DELAY_REASON_LONGEST, TelephoneDelay
from services.draws.attendance.postponement import NewStart
from services.draws.attendance.supplements import RegionChange
from services.draws.call_order.rounds import RoundView
from services.draws.calls.calling import Calling
from services.draws.calls.expiry import EXPIRY_DUE
from services.draws.calls.incoming_calls import INCOMING_CALL_TTL, IncomingCalls
from services.draws.calls.invitation_queries import Choice
from services.draws.calls.invitation_views import BY_DECLARATION, InvitationView
from services.draws.calls.invitations import Answered, Invitations
from services.draws.calls.named_times import MOVED
from services.draws.calls.places import Cause, Places
from services.draws.draw_notices import draw_params, notify_agency
from services.draws.event_stream import event, watch_events
from services.draws.follow_ups.recall_queries import RecallPanel, RecallRow
from services.draws.follow_ups.redraws import RecallTimes, RedrawTimes
from services.draws.follow_ups.release_queries import ReleasedExpert, ReleaseQueries, ReleaseTask, ReleaseView
from services.draws.follow_ups.releases import Releases
from services.draws.live import ROUND_ACTS, LiveDraws, Snapshot, Watch
from services.draws.locks import Locked, lock
from services.draws.operation_log import OPERATIONS_MAX, Operation
from services.draws.party_notifications import PartyNotifications, venue_urging_text
from services.draws.progress import ConditionProgress, DrawTotals
from services.draws.projects.project_queries import LotView, ProjectLine, ProjectView
from services.draws.projects.project_rules import INVESTMENT_MAX, LotData, ProjectData
from services.draws.queries import (
    DRAWING,
    NUMBER_WANTED,
    Detail,
    DrawCard,
    DrawDashboard,
    Filters,
    FormerExpert,
    in_states,
)
from services.draws.registry import DrawServices
from services.draws.results.audits import AuditLine, AuditReport, DrawAudits, Verdict
from services.draws.results.finished_records import FinishedRecords, RecordMatch
from services.draws.results.public_links import PublicLinks
from services.draws.results.public_record import OwnLeaf, published_lists
from services.draws.results.record_files import RecordFile
from services.draws.results.results import DeliveryStats, Result
from services.draws.setup.attachments import RULE, Purpose
from services.draws.setup.call_notices_and_conditions import digits_of
from services.draws.setup.call_texts import SpokenCall, channels_by_field, spoken_call
from services.draws.setup.documents import DocumentKind
from services.draws.setup.form_versions import basic_version, part_version
from services.draws.setup.forms import REGION_MODES, CallNoticeForm, ConditionForm, DrawForm
from services.draws.setup.operators import Operator
from services.draws.setup.previews import Preview
from services.draws.setup.recusal_import import render_template
from services.draws.setup.whole_requests import WantedCondition, WantedPerson, WantedUnit, WholeDraw
from services.draws.verification_queries import ApplicationRow
from services.draws.views import (
    CallNoticeView,
    ConditionView,
    DrawLotView,
    DrawParts,
    DrawView,
    EarlierDraw,
    RecusalPersonView,
    RecusalUnitView,
    SupervisorView,
)
from services.draws.virtual_calls import Caller, CallLine, VirtualCalls
from services.draws.worklists import TO_DO, WorkLine, WorkLines, WorkList, WorkLists, to_do_of

__all__ = [
    "ABSENCES_MAX",
    "BY_DECLARATION",
    "DELAY_REASON_LONGEST",
    "DRAWING",
    "EVALUATING",
    "EXPIRY_DUE",
    "INCOMING_CALL_TTL",
    "INVESTMENT_MAX",
    "MOVED",
    "NOBODY_ENTERED",
    "NUMBER_WANTED",
    "OPERATIONS_MAX",
    "REGION_MODES",
    "ROUND_ACTS",
    "RULE",
    "TO_DO",
    "AbsenceRow",
    "AnnouncedArrival",
    "Answered",
    "ApplicationRow",
    "AttendanceRow",
    "AuditLine",
    "AuditReport",
    "CallLine",
    "CallNoticeForm",
    "CallNoticeView",
    "Caller",
    "Calling",
    "Cause",
    "CheckedIn",
    "Choice",
    "ConditionForm",
    "ConditionProgress",
    "ConditionView",
    "DeclaredRecusals",
    "DeclaredUnit",
    "DeliveryStats",
    "Detail",
    "DiscardForm",
    "DiscardKind",
    "DiscardQueries",
    "DiscardRequestView",
    "Discards",
    "DocumentKind",
    "DrawAccess",
    "DrawAudits",
    "DrawCard",
    "DrawDashboard",
    "DrawForm",
    "DrawLotView",
    "DrawParts",
    "DrawServices",
    "DrawTotals",
    "DrawView",
    "EarlierDraw",
    "Filters",
    "FinishedRecords",
    "FormerExpert",
    "IncomingCalls",
    "InvitationView",
    "Invitations",
    "LiveDraws",
    "Locked",
    "LotData",
    "LotView",
    "NewStart",
    "Operation",
    "Operator",
    "OwnLeaf",
    "PartyNotifications",
    "Places",
    "Preview",
    "ProjectData",
    "ProjectLine",
    "ProjectView",
    "PublicLinks",
    "Purpose",
    "RecallPanel",
    "RecallRow",
    "RecallTimes",
    "RecordFile",
    "RecordMatch",
    "RecusalPersonView",
    "RecusalUnitView",
    "RecusalUnits",
    "RedrawTimes",
    "RegionChange",
    "RegisteredAbsence",
    "ReleaseQueries",
    "ReleaseTask",
    "ReleaseView",
    "ReleasedExpert",
    "Releases",
    "Result",
    "RoundView",
    "ScannedPanel",
    "Snapshot",
    "SpokenCall",
    "SupervisorView",
    "TelephoneDelay",
    "UnitForm",
    "UrgingLine",
    "VenueCheckIn",
    "Verdict",
    "VirtualCalls",
    "WantedCondition",
    "WantedPerson",
    "WantedUnit",
    "Watch",
    "WholeDraw",
    "WorkLine",
    "WorkLines",
    "WorkList",
    "WorkLists",
    "basic_version",
    "channels_by_field",
    "digits_of",
    "draw_params",
    "event",
    "in_states",
    "lock",
    "notify_agency",
    "part_version",
    "published_lists",
    "render_template",
    "spoken_call",
    "to_do_of",
    "venue_position",
    "venue_urging_text",
    "watch_events",
]
