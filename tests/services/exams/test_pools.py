"""Every pool whose applicants are examined calls them as its manual says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.rulebook_files import load_rulebooks
from domain.rulebook.exams import load_rules
from models.exams import Exam, ExamCandidate
from models.notices import Attempt, Notice
from services.core.base import Deps
from tests.factories.assembly import make_services
from tests.factories.exams import make_items, make_office, make_published
from tests.factories.reviews import make_applicant, make_application
from tests.invariants import check_invariants

RULEBOOKS = Path(__file__).parents[3] / "config" / "rulebooks"


@pytest.mark.parametrize(
    ("pool", "channels", "failed"),
    [("hunan", {"wechat", "sms"}, "refused"), ("xinjiang", {"wechat"}, "waits")],
)
async def test_a_waiting_applicant_is_called_by_the_channels_of_the_manual(
    db: str, deps: Deps, pool: str, channels: set[str], failed: str
) -> None:
    services = make_services(replace(deps, rulebooks=load_rulebooks(RULEBOOKS, [pool, "demo"])))
    await make_items(20, pool=pool)
    account = await make_applicant(services.deps, pool=pool)
    passed = {"state": "exam", "approved_at": deps.now(), "expert_number": "ZJ0000001"}
    application = await make_application(services.deps, account, pool=pool, **passed)
    exam = await make_published(services, await make_office(services.deps, pool))
    assert (await ExamCandidate.get(exam_id=exam.id)).application_id == application.id
    notice = await Notice.get(kind="exam_called")
    at_once = await Attempt.filter(notice_id=notice.id, due_at__lte=deps.now()).values_list("channel", flat=True)
    assert set(at_once) == channels
    assert load_rules((await Exam.get()).rules).failed == failed
    await check_invariants()
