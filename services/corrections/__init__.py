"""What the office corrects of a person (更正): mobile, account, WeChat; each with reason, record and notice."""

from services.corrections.fields import CorrectionForm
from services.corrections.ledger import REASON_MAX, Upload, check_reason, write
from services.corrections.merges import MOVED, NOT_MOVED, ONE_OF_EACH
from services.corrections.mobiles import MobileFiled, awaits_mobile, settle_mobile, withdraw_mobiles
from services.corrections.people import (
    SEARCH_MAX,
    CorrectionLine,
    PersonLine,
    PersonView,
    collect_corrections,
    erase_corrections,
)
from services.corrections.persons import Person, end_sessions, lock_person, tell
from services.corrections.registry import CorrectionServices

__all__ = [
    "MOVED",
    "NOT_MOVED",
    "ONE_OF_EACH",
    "REASON_MAX",
    "SEARCH_MAX",
    "CorrectionForm",
    "CorrectionLine",
    "CorrectionServices",
    "MobileFiled",
    "Person",
    "PersonLine",
    "PersonView",
    "Upload",
    "awaits_mobile",
    "check_reason",
    "collect_corrections",
    "end_sessions",
    "erase_corrections",
    "lock_person",
    "settle_mobile",
    "tell",
    "withdraw_mobiles",
    "write",
]
