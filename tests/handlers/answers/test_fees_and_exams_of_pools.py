"""Each real pool's rules decide whether fees, examinations, courses and certificates exist at all."""

from __future__ import annotations

from typing import cast

import pytest

from app.rulebook_files import load_rulebooks
from domain.rulebook.book import Rulebook
from tests.handlers.conftest import RULEBOOKS, Phone, World

FEES = ("怎么缴费", "缴费没到账", "付款失败", "可以让别人帮我交吗", "缴费截止时间", "怎么退费", "怎么开发票")
SITTING = ("什么时候考试", "怎么预约考试", "怎么进入考试", "考试断网了")
COURSES = ("怎么学习课程", "学习进度不动")


def take_rules_of(world: World, pool: str) -> Rulebook:
    """Give the demo pool the rules of a real one."""
    book = load_rulebooks(RULEBOOKS, [pool])[pool]
    cast("dict[str, Rulebook]", world.services.deps.rulebooks)["demo"] = book
    return book


@pytest.mark.parametrize("pool", ["guangdong", "hunan", "jilin", "xinjiang"])
async def test_an_expert_reads_what_the_pool_has_and_has_not(world: World, phone: Phone, pool: str) -> None:
    book = take_rules_of(world, pool)
    for question in FEES:
        assert ("不收取任何费用" in await phone.says(question)) == (book.fee is None), question
    for question in SITTING:
        assert ("入库不设考试" in await phone.says(question)) == ("exam" not in book.entry.stages), question
    examined = "exam" in book.entry.stages or book.course.offered
    assert ("满分的" in await phone.says("考试考什么")) == examined
    for question in COURSES:
        assert ("没有网上课程" in await phone.says(question)) == (not book.course.offered), question
    assert ("入库前不公示" in await phone.says("公示几天")) == (book.notice is None)
    assert ("不颁发电子证书" in await phone.says("证书在哪里")) == (not book.certificate.issued)
    assert book.pool.hotline in phone.screen


async def test_xinjiang_answers_with_the_number_for_fees(world: World, phone: Phone, stranger: Phone) -> None:
    book = take_rules_of(world, "xinjiang")
    assert book.fee is not None
    for each in (phone, stranger):
        assert f"需要单位付款的请拨打{book.fee.hotline}" in await each.says("可以让别人帮我交吗")
    assert "申请入库要缴培训费350.00元，审核通过5天后可以缴费" in await stranger.says("怎么缴费")
