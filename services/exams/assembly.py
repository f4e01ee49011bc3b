"""Builds the services of examinations."""

from __future__ import annotations

from dataclasses import dataclass

from services.certificates import Issuing
from services.core.base import Deps
from services.core.due_tasks import DueTask
from services.core.signed_links import Links
from services.entry import EntryServices
from services.exams.attempts.answer_files import AnswerFiles
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
from services.exams.sittings.seating import Seating
from services.exams.sittings.sitting_queries import SittingQueries
from services.exams.sittings.sittings import ExamSittings
from services.files import FileServices
from services.inspection.checker import FileChecker
from services.notifications import Notices
from services.ports import FaceChecker


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
    due_tasks: tuple[DueTask, ...]


def make_setup(deps: Deps) -> ExamSetup:
    """Only the services for set-up, for programs that fill a database before the service starts."""
    notices = Notices(deps)
    return ExamSetup(deps, notices, CandidateCalls(deps, notices, Seating(notices)))


def make_candidates(deps: Deps) -> Candidates:
    """Only ``CandidateCalls``, for the same purpose."""
    notices = Notices(deps)
    return Candidates(deps, notices, CandidateCalls(deps, notices, Seating(notices)), FileChecker())


def build(
    deps: Deps,
    notices: Notices,
    links: Links,
    stored: FileServices,
    certificates: Issuing,
    entry: EntryServices,
    checker: FileChecker,
    faces: FaceChecker,
) -> ExamServices:
    pictures = ItemPictures(deps, links, stored.store, checker)
    bank_queries, blueprint_queries = BankQueries(deps, pictures), BlueprintQueries()
    seating = Seating(notices)
    candidate_calls = CandidateCalls(deps, notices, seating)
    setup = ExamSetup(deps, notices, candidate_calls)
    papers = Papers(deps)
    files = AnswerFiles(deps.keys)
    receipts = Receipts(deps, links)
    tickets = Tickets(links)
    sealing = Sealing(deps)
    marking = Marking(deps)
    results = Results(deps, notices, entry.conclusions, seating, certificates)
    return ExamServices(
        bank=ItemBank(deps, pictures),
        bank_queries=bank_queries,
        bank_export=BankExport(deps, bank_queries),
        item_import=ItemImport(deps, checker),
        pictures=pictures,
        blueprints=Blueprints(deps, blueprint_queries),
        blueprint_queries=blueprint_queries,
        setup=setup,
        queries=ExamQueries(deps),
        candidates=Candidates(deps, notices, candidate_calls, checker),
        candidate_queries=CandidateQueries(deps),
        decisions=ExamDecisions(deps, notices, entry.conclusions, seating),
        sittings=ExamSittings(deps, notices, seating),
        sitting_queries=SittingQueries(deps),
        papers=papers,
        own_exams=OwnExams(deps, links),
        attempts=Attempts(deps, papers, pictures, receipts, tickets, files),
        answers=AnswerWriter(deps),
        receipts=receipts,
        tickets=tickets,
        marking=marking,
        results=results,
        scores=Scores(deps),
        appeals=Appeals(deps, notices),
        evidence=Evidence(deps, files),
        faces=FaceChecks(deps, faces),
        evidence_review=EvidenceReview(deps, notices),
        review=PaperReview(deps, pictures),
        rulings=Rulings(deps),
        analysis=ExamAnalysis(deps),
        short_answers=ShortAnswers(deps),
        due_tasks=(
            DueTask("exam_call", CALLS_DUE, candidate_calls.call_due),
            DueTask("exam_leave", LEAVES_DUE, candidate_calls.leave_due),
            DueTask("exam_papers", PAPERS_DUE, papers.make_due),
            DueTask("exam_reminder", REMINDERS_DUE, ExamReminders(deps, notices).remind_due),
            DueTask("exam_seal", SEALS_DUE, sealing.seal_due),
            DueTask("exam_fill", FILLS_DUE, sealing.fill_due),
            DueTask("exam_mark", MARKS_DUE, marking.mark_due),
            DueTask("exam_result", RESULTS_DUE, results.conclude_due),
            DueTask("exam_close", CLOSES_DUE, setup.close_due),
        ),
    )
