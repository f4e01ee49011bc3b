"""A person's certificates (证书): one bubble of links."""

from __future__ import annotations

from collections.abc import Sequence

from bot.router import Router
from bot.turn import Turn
from domain.chat_links import link
from domain.clock import print_date
from domain.courses.lifecycles import EnrolmentState
from domain.errors import Unauthenticated
from handlers import commands, courses, exams, people, texts, wording
from services.certificates import LABELS, CertificateView
from services.core.base import Actor

STUDY_FIRST = "“{name}”全部学完（有考试的，考试合格）后自动颁发证书，会通知您。"
PASS_FIRST = "“{name}”考试合格后自动颁发证书，会通知您。"
RESULT_FIRST = "“{name}”还没有公布成绩，合格后才颁发证书，会通知您。"
MISSING = "“{name}”已合格，证书一般会自动颁发；还没有的，请拨打{hotline}补发。"

_SHOWN = 5


def register(router: Router) -> None:
    router.keyword(list_certificates, commands.CERTIFICATES, "我的证书", "合格证", "合格证书", "下载证书")
    router.menu("CERTIFICATES", list_certificates)


async def list_certificates(turn: Turn) -> str:
    """Newest first; the page has all of them, with the files."""
    certificates = await find_own_certificates(turn)
    if not certificates:
        return "\n".join([*await explain_none(turn), commands.tap_lines(commands.PROGRESS, commands.HELP)])
    return certificate_links(turn, certificates)


async def find_own_certificates(turn: Turn) -> tuple[CertificateView, ...]:
    """The person's certificates, newest first. Raises Unauthenticated for who is not bound."""
    who = await people.find_who(turn)
    if who is None:
        raise Unauthenticated(f"{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}")
    actor = Actor(turn.user.pool, "expert" if who.expert_id else "applicant", who.account_id, who.expert_id)
    return await turn.services.certificates.queries.own(actor)


async def explain_none(turn: Turn) -> list[str]:
    """Why a person has no certificate: what has to come first, or whom to ask where nothing is missing."""
    book = turn.services.deps.book(turn.user.pool)
    rules = book.certificate
    if not rules.issued:
        return [texts.NO_CERTIFICATES_HERE]
    of_courses = await _explain_courses(turn) if rules.course is not None else []
    of_exams = await _explain_exams(turn) if rules.exam is not None else []
    return of_courses or of_exams or [texts.NO_CERTIFICATE.format(earned_by=rules.earned_by)]


async def _explain_courses(turn: Turn) -> list[str]:
    """By the course that is nearest to its certificate; empty without one."""
    hotline = turn.services.deps.book(turn.user.pool).pool.hotline
    own = await courses.find_own_courses(turn, turn.user.account_id)
    texts_by_state = {
        EnrolmentState.FINISHED: MISSING,
        EnrolmentState.LEARNED: PASS_FIRST,
        EnrolmentState.CALLED: STUDY_FIRST,
    }
    for state, text in texts_by_state.items():
        for course in own:
            if course.state == state:
                name = wording.plain_text(course.name)
                return [text.format(name=name, hotline=hotline), commands.tap_lines(commands.COURSES)]
    return []


async def _explain_exams(turn: Turn) -> list[str]:
    """By the first examination that was passed, is marked or lies ahead; empty without one."""
    hotline = turn.services.deps.book(turn.user.pool).pool.hotline
    for exam in await exams.find_own_exams(turn):
        name = wording.plain_text(exam.name)
        if exam.phase == "passed":
            return [MISSING.format(name=name, hotline=hotline)]
        if exam.phase == "marking":
            return [RESULT_FIRST.format(name=name), commands.tap_lines(commands.EXAM)]
        if exam.phase in exams.AHEAD:
            return [PASS_FIRST.format(name=name), commands.tap_lines(commands.EXAM)]
    return []


def certificate_links(turn: Turn, certificates: Sequence[CertificateView]) -> str:
    """A link to each of the newest, and to the page of all."""
    page = f"{turn.services.deps.public_url}/h5/{turn.user.pool}/certificates"
    lines = [texts.CERTIFICATES, *(_line(certificate, page) for certificate in certificates[:_SHOWN])]
    return "\n".join([*lines, link(texts.ALL_CERTIFICATES.format(count=len(certificates)), page)])


def _line(certificate: CertificateView, page: str) -> str:
    until = f"有效期至{print_date(certificate.valid_until)}" if certificate.valid_until else "长期有效"
    state = until if certificate.validity == "valid" else LABELS[certificate.validity]
    return f"▸ {link(certificate.title, f'{page}/{certificate.id}')}\n{certificate.number} {state}"
