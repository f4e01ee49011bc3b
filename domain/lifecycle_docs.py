"""The reference page of all lifecycles: ``python -m domain.lifecycle_docs > docs/reference/lifecycles.md``."""

from __future__ import annotations

import sys

from domain.applications.lifecycles import APPLICATION, TASK, ApplicationState, TaskState
from domain.certificates.lifecycles import CERTIFICATE, CertificateState
from domain.courses.lifecycles import COURSE, ENROLMENT, CourseState, EnrolmentState
from domain.draws.lifecycles import (
    DISCARD,
    DRAW,
    INVITATION,
    VERIFICATION,
    VIRTUAL_CALL,
    DiscardState,
    DrawState,
    InvitationState,
    VerificationState,
    VirtualCallState,
)
from domain.exams.lifecycles import ATTEMPT as EXAM_ATTEMPT
from domain.exams.lifecycles import CANDIDATE, EXAM, CandidateState, ExamAttemptState, ExamState
from domain.experts.lifecycles import SANCTION, SanctionState
from domain.lifecycle import E, Lifecycle, S
from domain.notifications.lifecycles import ATTEMPT, FEEDBACK, ContactAttemptState, FeedbackState
from domain.payments.lifecycles import FEE, INVOICE, ORDER, REFUND, FeeState, InvoiceState, OrderState, RefundState
from domain.remuneration.lifecycles import REMUNERATION, RemunerationState
from domain.reports.lifecycles import REPORT, ReportState

_HEAD = (
    "Written by `python -m domain.lifecycle_docs > docs/reference/lifecycles.md`; "
    "edit `domain/*/lifecycles.py` instead."
)


def render_docs() -> str:
    """The reference page: a table of states and a Mermaid diagram for each lifecycle."""
    parts = [
        "# Lifecycles",
        _HEAD,
        *_render("Draw (抽取活动)", DrawState, DRAW),
        *_render("Invitation (抽取通知)", InvitationState, INVITATION),
        *_render("Leave or recusal that waits for confirmation (待确认的登记)", DiscardState, DISCARD),
        *_render("Contact attempt (联系记录)", ContactAttemptState, ATTEMPT),
        *_render("Thread with the office (投诉与意见反馈)", FeedbackState, FEEDBACK),
        *_render("Application for verification (核验申请)", VerificationState, VERIFICATION),
        *_render("Virtual call (虚拟号通话)", VirtualCallState, VIRTUAL_CALL),
        *_render("Remuneration of an expert (专家酬劳)", RemunerationState, REMUNERATION),
        *_render("Application for entry (入库申请)", ApplicationState, APPLICATION),
        *_render("Review task (审核任务)", TaskState, TASK),
        *_render("Act of the office against an expert (处理)", SanctionState, SANCTION),
        *_render("Report to supervision (举报)", ReportState, REPORT),
        *_render("Examination (考试)", ExamState, EXAM),
        *_render("Candidate of an examination (考生)", CandidateState, CANDIDATE),
        *_render("Attempt at a paper (作答)", ExamAttemptState, EXAM_ATTEMPT),
        *_render("Course (课程)", CourseState, COURSE),
        *_render("Participant of a course (学员)", EnrolmentState, ENROLMENT),
        *_render("Certificate (证书)", CertificateState, CERTIFICATE),
        *_render("Fee (费用)", FeeState, FEE),
        *_render("Order (支付订单)", OrderState, ORDER),
        *_render("Refund (退款)", RefundState, REFUND),
        *_render("Invoice (电子发票)", InvoiceState, INVOICE),
    ]
    return "\n\n".join(parts) + "\n"


def _render(title: str, states: type[S], cycle: Lifecycle[S, E]) -> list[str]:
    rows = "\n".join(f"| `{state.value}` | {state.label} |" for state in states)
    lines = ["stateDiagram-v2", *(f'    state "{state.label} {state.value}" as {state.value}' for state in states)]
    lines.append(f"    [*] --> {cycle.initial.value}")
    for state in states:
        for event, target in cycle.moves.get(state, {}).items():
            lines.append(f"    {state.value} --> {target.value}: {event.label} {event.value}")
        if cycle.is_final(state):
            lines.append(f"    {state.value} --> [*]")
    diagram = "```mermaid\n" + "\n".join(lines) + "\n```"
    return [f"## {title}", f"| state | label |\n| --- | --- |\n{rows}", diagram]


if __name__ == "__main__":
    sys.stdout.write(render_docs())
