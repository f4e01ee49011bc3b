"""Use cases of examinations, as other packages and edges receive them, and what becomes due."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.due_tasks import DueTask
from services.exams.attempts.answer_writer import AnswerWriter
from services.exams.attempts.attempts import Attempts
from services.exams.attempts.evidence import Evidence
from services.exams.attempts.face_checks import FaceChecks
from services.exams.attempts.receipts import Receipts
from services.exams.attempts.sealing import FILLS_DUE, SEALS_DUE, Sealing
from services.exams.attempts.tickets import Tickets
from services.exams.bank.bank_export import BankExport
from services.exams.bank.bank_queries import BankQueries
from services.exams.bank.item_import import ItemImport
from services.exams.bank.item_pictures import ItemPictures
from services.exams.bank.items import ItemBank
from services.exams.marking.analysis import ExamAnalysis
from services.exams.marking.appeals import Appeals
from services.exams.marking.evidence_review import EvidenceReview
from services.exams.marking.marking import MARKS_DUE, Marking
from services.exams.marking.results import RESULTS_DUE, Results
from services.exams.marking.review import PaperReview
from services.exams.marking.rulings import Rulings
from services.exams.marking.scores import Scores
from services.exams.marking.short_answers import ShortAnswers
from services.exams.own_exams import OwnExams
from services.exams.papers.blueprint_queries import BlueprintQueries
from services.exams.papers.blueprints import Blueprints
from services.exams.papers.papers import PAPERS_DUE, Papers
from services.exams.queries import ExamQueries
from services.exams.setup import CLOSES_DUE, ExamSetup
from services.exams.sittings.candidate_calls import CALLS_DUE, LEAVES_DUE, CandidateCalls
from services.exams.sittings.candidate_queries import CandidateQueries
from services.exams.sittings.candidates import Candidates
from services.exams.sittings.decisions import ExamDecisions
from services.exams.sittings.reminders import REMINDERS_DUE, ExamReminders
from services.exams.sittings.sitting_queries import SittingQueries
from services.exams.sittings.sittings import ExamSittings


@dataclass(frozen=True)
class ExamServices:
    bank: ItemBank
    bank_queries: BankQueries
    bank_export: BankExport
    item_import: ItemImport
    pictures: ItemPictures
    blueprints: Blueprints
    blueprint_queries: BlueprintQueries
    setup: ExamSetup
    queries: ExamQueries
    candidates: Candidates
    candidate_queries: CandidateQueries
    decisions: ExamDecisions
    sittings: ExamSittings
    sitting_queries: SittingQueries
    papers: Papers
    own_exams: OwnExams
    attempts: Attempts
    answers: AnswerWriter
    receipts: Receipts
    tickets: Tickets
    marking: Marking
    results: Results
    scores: Scores
    appeals: Appeals
    evidence: Evidence
    faces: FaceChecks
    evidence_review: EvidenceReview
    review: PaperReview
    rulings: Rulings
    analysis: ExamAnalysis
    short_answers: ShortAnswers
    candidate_calls: CandidateCalls
    reminders: ExamReminders
    sealing: Sealing

    @property
    def due_tasks(self) -> tuple[DueTask, ...]:
        return (
            DueTask("exam_call", CALLS_DUE, self.candidate_calls.call_due),
            DueTask("exam_leave", LEAVES_DUE, self.candidate_calls.leave_due),
            DueTask("exam_papers", PAPERS_DUE, self.papers.make_due),
            DueTask("exam_reminder", REMINDERS_DUE, self.reminders.remind_due),
            DueTask("exam_seal", SEALS_DUE, self.sealing.seal_due),
            DueTask("exam_fill", FILLS_DUE, self.sealing.fill_due),
            DueTask("exam_mark", MARKS_DUE, self.marking.mark_due),
            DueTask("exam_result", RESULTS_DUE, self.results.conclude_due),
            DueTask("exam_close", CLOSES_DUE, self.setup.close_due),
        )
