"""证书: one bubble with one's own certificates."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.ids import new_id
from services.certificates import CertificateSubject
from services.core.base import transaction
from tests.factories.people import make_account
from tests.handlers.conftest import Phone, World


async def test_a_stranger_is_asked_to_bind_first(stranger: Phone) -> None:
    assert "绑定身份" in await stranger.says("证书")


async def test_who_has_none_reads_how_to_get_one(world: World) -> None:
    phone = await world.phone_with(await make_account(world.office.deps))
    assert "您还没有证书" in await phone.says("证书")


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({}, "完成培训（有考试的须考试合格），或考试合格后会自动颁发"),
        ({"exam": None}, "完成培训（有考试的须考试合格）后会自动颁发"),
        ({"course": None}, "您还没有证书。考试合格后会自动颁发"),
        ({"exam": None, "course": None}, "本专家库不颁发电子证书"),
    ],
)
async def test_the_word_and_the_question_say_alike_what_earns_one(
    world: World, rules: dict[str, None], words: str
) -> None:
    world.set_rules(certificate=rules, help={"faq": ()})
    phone = await world.phone_with(await make_account(world.office.deps))
    for typed in ("证书", "证书在哪里"):
        assert words in await phone.says(typed), typed


async def test_each_is_a_link_with_number_and_date(world: World) -> None:
    account = await make_account(world.office.deps)
    phone = await world.phone_with(account)
    for at in range(7):
        world.clock.move(timedelta(minutes=1))
        async with transaction():
            subject = CertificateSubject("course", account.id, None, new_id(), (("学时", f"{at}"),))
            await world.services.certificates.issuing.issue("demo", subject, world.clock.now())
    told = await phone.says("我的证书")
    assert told.count("继续教育合格证书</a>") == 5
    assert "有效期至2029年" in told
    assert "查看全部证书（7张）" in told
    assert len(told.encode()) <= 2048
