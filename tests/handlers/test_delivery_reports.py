"""WeChat's reports: finished template messages, and consents to be sent more."""

from __future__ import annotations

from models.notices import DeliveryReport
from tests.handlers.conftest import Phone, World

POPUP = "<SubscribeMsgPopupEvent>{}</SubscribeMsgPopupEvent>"
CHANGE = "<SubscribeMsgChangeEvent>{}</SubscribeMsgChangeEvent>"


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
