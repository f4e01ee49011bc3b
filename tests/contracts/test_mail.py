"""What the sandbox's mail server and our client agree on."""

from __future__ import annotations

import pytest

from domain.errors import OutcomeUnknown, Rejected, Transient
from services.ports import MailAttachment
from tests.contracts.conftest import World

TO = "zhangsan@example.cn"
PDF = MailAttachment("缴费凭证.pdf", "application/pdf", b"%PDF-1.7 \x00\xff")


async def send(world: World, message_id: str = "receipt-1") -> None:
    await world.mailer.send("demo", TO, "缴费成功", "凭证见附件。", [PDF], message_id=message_id)


async def letters(world: World) -> list[dict[str, object]]:
    emails = (await world.control(f"mail?to={TO}"))["emails"]
    assert isinstance(emails, list)
    return emails


async def test_a_letter_arrives_with_its_attachment(world: World) -> None:
    await send(world)
    (letter,) = await letters(world)
    assert (letter["subject"], str(letter["text"]).strip()) == ("缴费成功", "凭证见附件。")
    assert letter["from"] == "演示评标专家库 <noreply@pbt.example>"
    (attachment,) = letter["attachments"]
    assert (attachment["name"], attachment["content_type"]) == (PDF.filename, PDF.media_type)
    url = f"{world.url}/control/mail/{letter['id']}/attachments/0"
    async with world.session.get(url) as response:
        assert await response.read() == PDF.content


@pytest.mark.parametrize(
    ("kind", "error", "delivered"),
    [
        ("refuse", Rejected, 0),
        ("fail_500", Transient, 0),
        ("quota_used_up", Transient, 0),
        ("drop_answer", OutcomeUnknown, 1),
    ],
)
async def test_each_failure_means_what_happened(
    world: World, kind: str, error: type[Exception], delivered: int
) -> None:
    await world.control("faults", {"vendor": "mail", "kind": kind, "count": 1, "seconds": 0})
    with pytest.raises(error):
        await send(world)
    assert len(await letters(world)) == delivered
    await send(world)
    assert len(await letters(world)) == delivered + 1


async def test_a_slow_server_leaves_the_outcome_open(world: World) -> None:
    await world.control("faults", {"vendor": "mail", "kind": "slow", "count": 1, "seconds": 3})
    with pytest.raises(OutcomeUnknown):
        await send(world)
