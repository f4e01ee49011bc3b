"""Pages of draws: for verifier, supervisor and venue (``/draws``), for experts, and public ones (board, record)."""

from services.draws import REGION_MODES
from web.draws.absences import AbsencePages, DrawExitPages
from web.draws.agency_frame import FROM, ORIGINS, frame_values, note_supplements
from web.draws.attendance import AttendancePages, RingForm
from web.draws.audit import AuditPages
from web.draws.base import DrawPages
from web.draws.board import BoardPages, LiveProgress, board_facts
from web.draws.facts import APPLICATION_KINDS, CALLED_SOON, CONDITION_CATALOGUES, condition_names
from web.draws.invitations import InvitationPages
from web.draws.list_and_detail import DrawDetailPages, DrawListPages
from web.draws.open_data import OpenDataPages
from web.draws.operation_log import OperationLogPages
from web.draws.record import RecordPages, public_path
from web.draws.release import ReleaseStatusPages
from web.draws.round import RoundPages, round_response
from web.draws.venue_check_in import VenueCheckInPages
from web.draws.verification import VerificationPages

__all__ = [
    "APPLICATION_KINDS",
    "CALLED_SOON",
    "CONDITION_CATALOGUES",
    "FROM",
    "ORIGINS",
    "REGION_MODES",
    "AbsencePages",
    "AttendancePages",
    "AuditPages",
    "BoardPages",
    "DrawDetailPages",
    "DrawExitPages",
    "DrawListPages",
    "DrawPages",
    "InvitationPages",
    "LiveProgress",
    "OpenDataPages",
    "OperationLogPages",
    "RecordPages",
    "ReleaseStatusPages",
    "RingForm",
    "RoundPages",
    "VenueCheckInPages",
    "VerificationPages",
    "board_facts",
    "condition_names",
    "frame_values",
    "note_supplements",
    "public_path",
    "round_response",
]
