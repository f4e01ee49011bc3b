"""WeChat's reports: finished template messages, and consents to be sent more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.notices import DeliveryReport
from services.ports import SubscribeTemplate
from tests.factories.assembly import SUBSCRIPTIONS
from tests.handlers.conftest import Phone, World, nested_event

POPUP = "<SubscribeMsgPopupEvent>{}</SubscribeMsgPopupEvent>"
CHANGE = "<SubscribeMsgChangeEvent>{}</SubscribeMsgChangeEvent>"


@pytest.fixture(autouse=True)
def subscriptions(monkeypatch: pytest.MonkeyPatch) -> None:
    """T1 and T2 are one-time subscription notices of the account, L1 is a long-term one."""
    for kind, template in (
        ("draw_call", SubscribeTemplate("T1")),
        ("draw_accepted", SubscribeTemplate("T2")),
        ("fee_open", SubscribeTemplate("L1", long_term=True)),
    ):
        monkeypatch.setitem(SUBSCRIPTIONS, kind, template)


def consent(template: str, word: str) -> str:
    return (
        f"<List><TemplateId>{template}</TemplateId><SubscribeStatusString>{word}</SubscribeStatusString>"
        "<PopupScene>1</PopupScene></List>"
    )


async def test_a_finished_template_message_is_kept_as_a_report_once(phone: Phone) -> None:
    for _ in range(2):
        assert await phone.event("TEMPLATESENDJOBFINISH", MsgID=200163836, Status="failed:user block") == ""
    report = await DeliveryReport.get()
    assert report.vendor == "wechat"
    assert report.body == {"appid": "wx1", "msgid": "200163836", "status": "failed:user block", "openid": phone.openid}


async def test_a_report_without_a_number_is_left_alone(phone: Phone) -> None:
    assert await phone.event("templatesendjobfinish", Status="success") == ""
    assert not await DeliveryReport.exists()


async def test_each_acceptance_is_one_credit_and_a_refusal_takes_none_of_them(phone: Phone) -> None:
    popup = "subscribe_msg_popup_event"
    assert await phone.sends_xml(POPUP.format(consent("T1", "accept") + consent("T2", "accept")), popup) == ""
    await phone.sends_xml(POPUP.format(consent("T1", "accept")), popup)
    assert (await phone.identity()).subscribe_credits == {"T1": 2, "T2": 1}
    await phone.sends_xml(POPUP.format(consent("T2", "reject")), popup)
    identity = await phone.identity()
    assert identity.subscribe_credits == {"T1": 2, "T2": 1}
    assert identity.subscribe_refusals["T2"]["how"] == "reject"


async def test_a_withdrawal_counts_in_either_wrapper(phone: Phone) -> None:
    popup, change = "subscribe_msg_popup_event", "subscribe_msg_change_event"
    for wrapper in (CHANGE, POPUP):
        await phone.sends_xml(POPUP.format(consent("T1", "accept")), popup)
        await phone.sends_xml(wrapper.format(consent("T1", "reject")), change)
        assert (await phone.identity()).subscribe_credits == {"T1": 0}


async def test_consents_without_a_template_or_in_no_known_shape_change_nothing(world: World, phone: Phone) -> None:
    await phone.sends_xml(POPUP.format(consent("", "accept")), "subscribe_msg_popup_event")
    await phone.event("subscribe_msg_popup_event")
    assert (await phone.identity()).subscribe_credits == {}


async def test_templates_of_others_change_nothing(phone: Phone) -> None:
    await phone.sends_xml(POPUP.format(consent("T9", "accept")), "subscribe_msg_popup_event")
    assert (await phone.identity()).subscribe_credits == {}


async def test_a_long_term_consent_is_held_once_and_ends_with_a_refusal(phone: Phone) -> None:
    for _ in range(2):
        await phone.sends_xml(POPUP.format(consent("L1", "accept")), "subscribe_msg_popup_event")
    assert (await phone.identity()).subscribe_credits == {"L1": 1}
    await phone.sends_xml(POPUP.format(consent("L1", "reject")), "subscribe_msg_popup_event")
    identity = await phone.identity()
    assert identity.subscribe_credits == {"L1": 0}
    assert identity.subscribe_refusals["L1"]["how"] == "reject"


@pytest.mark.parametrize("template", ["T1", "L1"])
async def test_a_withdrawal_that_comes_after_a_later_consent_changes_nothing(
    world: World, phone: Phone, template: str
) -> None:
    withdrawn_at = world.clock.now() - timedelta(minutes=5)
    await phone.sends_xml(POPUP.format(consent(template, "accept")), "subscribe_msg_popup_event")
    late = nested_event(
        CHANGE.format(consent(template, "reject")), "subscribe_msg_change_event", phone.openid, withdrawn_at
    )
    await phone.sends(late)
    assert (await phone.identity()).subscribe_credits == {template: 1}


@pytest.mark.parametrize("template", ["T1", "L1"])
async def test_a_consent_that_comes_after_a_later_withdrawal_is_none(world: World, phone: Phone, template: str) -> None:
    accepted_at = world.clock.now() - timedelta(minutes=5)
    await phone.sends_xml(CHANGE.format(consent(template, "reject")), "subscribe_msg_change_event")
    late = nested_event(
        POPUP.format(consent(template, "accept")), "subscribe_msg_popup_event", phone.openid, accepted_at
    )
    await phone.sends(late)
    identity = await phone.identity()
    assert identity.subscribe_credits == {template: 0}
    assert identity.subscribe_refusals[template]["how"] == "ended"


SENT = "<SubscribeMsgSentEvent>{}</SubscribeMsgSentEvent>"


def sent_item(msgid: str, code: str, status: str) -> str:
    return (
        f"<List><TemplateId>T1</TemplateId><MsgID>{msgid}</MsgID><ErrorCode>{code}</ErrorCode>"
        f"<ErrorStatus>{status}</ErrorStatus></List>"
    )


async def test_a_sent_subscription_notice_is_kept_as_a_report_once(phone: Phone) -> None:
    items = sent_item("1700827132819554304", "0", "success") + sent_item("2", "43004", "user refuse")
    for _ in range(2):
        assert await phone.sends_xml(SENT.format(items), "subscribe_msg_sent_event") == ""
    reports = await DeliveryReport.all().order_by("key")
    assert [report.body["status"] for report in reports] == ["success", "failed:43004 user refuse"]
    assert {report.body["msgid"] for report in reports} == {f"T1:{phone.openid}"}


async def test_a_sent_event_without_a_number_is_left_alone(phone: Phone) -> None:
    await phone.sends_xml(SENT.format(sent_item("x", "0", "success")), "subscribe_msg_sent_event")
    await phone.event("subscribe_msg_sent_event")
    assert not await DeliveryReport.exists()
