"""Examinations: item bank, blueprints and papers, set-up, candidates, sittings.

Rows are locked application first, then the sittings of the examination in the order of their ids, then candidates.
"""

from services.exams.attempts.answer_writer import MadeAnswer, SaveRequest
from services.exams.attempts.evidence import OwnEvidence
from services.exams.attempts.face_checks import FaceBegun, FaceVerdict
from services.exams.attempts.paper_view import ExamPaper
from services.exams.attempts.receipts import SubmissionReceipt
from services.exams.attempts.submissions import ShownAnswer
from services.exams.bank.bank_queries import BankItemView, Cell, ItemFilter, Sort, VersionView
from services.exams.bank.item_import import BYTES_MAX, ITEMS_MAX, ItemImport, render_template
from services.exams.bank.item_pictures import BYTES_MAX as PICTURE_MAX
from services.exams.data_export import collect_exams
from services.exams.marking.appeals import MARKS_FIELD
from services.exams.marking.review import ReviewedPaper
from services.exams.marking.rulings import RulingPreview
from services.exams.marking.scores import OwnResult, Show
from services.exams.own_exams import OwnExam, Phase
from services.exams.papers.blueprint_queries import BlueprintQueries, BlueprintView
from services.exams.papers.blueprints import Blueprints, check_blueprint_name
from services.exams.queries import ExamView
from services.exams.registry import ExamServices
from services.exams.setup import ExamData, ExamForm, ExamSetup
from services.exams.sittings.candidate_queries import CandidateFilter, CandidateLine
from services.exams.sittings.candidates import Added, Candidates
from services.exams.sittings.retries import DecidedByExam, ExamRetries, find_decided
from services.exams.sittings.sitting_queries import Booking, SittingData, SittingForm, SittingView
from services.exams.sittings.sittings import Booked

__all__ = [
    "BYTES_MAX",
    "ITEMS_MAX",
    "MARKS_FIELD",
    "PICTURE_MAX",
    "Added",
    "BankItemView",
    "BlueprintQueries",
    "BlueprintView",
    "Blueprints",
    "Booked",
    "Booking",
    "CandidateFilter",
    "CandidateLine",
    "Candidates",
    "Cell",
    "DecidedByExam",
    "ExamData",
    "ExamForm",
    "ExamPaper",
    "ExamRetries",
    "ExamServices",
    "ExamSetup",
    "ExamView",
    "FaceBegun",
    "FaceVerdict",
    "ItemFilter",
    "ItemImport",
    "MadeAnswer",
    "OwnEvidence",
    "OwnExam",
    "OwnResult",
    "Phase",
    "ReviewedPaper",
    "RulingPreview",
    "SaveRequest",
    "Show",
    "ShownAnswer",
    "SittingData",
    "SittingForm",
    "SittingView",
    "Sort",
    "SubmissionReceipt",
    "VersionView",
    "check_blueprint_name",
    "collect_exams",
    "find_decided",
    "render_template",
]
