"""The clients of WeChat against a platform with wrong answers, lost tokens and cut connections."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from structlog.testing import capture_logs

from config.settings import MiniProgramSettings, OfficialAccount, Wechat
from domain.clock import FixedClock
from domain.errors import NeedsOperator, OutcomeUnknown, Rejected, Transient
from gateways.wechat.access_token import AccessTokens
from gateways.wechat.api import WechatApi
from gateways.wechat.mini_program import MiniPrograms
from gateways.wechat.official_account import OfficialAccounts
from gateways.wechat.quota import DailyQuotas
from gateways.wechat.token_cache import SharedValues
from services.ports import MenuItem, TemplateMessage
from tests.gateways.support import DROP, HANG, Rogue, Tools, reply

TOKEN = reply({"access_token": "T1", "expires_in": 7200})
TOKEN_2 = reply({"access_token": "T2", "expires_in": 7200})
OK = reply({"errcode": 0, "errmsg": "ok"})


class Clients:
    """Both clients of one process, over one rogue platform."""

    def __init__(self, tools: Tools, store: Redis, url: str, clock: FixedClock, timeout: float = 5.0) -> None:
        settings = Wechat(
            api_url=url,
            open_url=url,
            accounts={
                "demo": OfficialAccount(
                    appid="wx1",
                    secret=SecretStr("s1"),
                    token=SecretStr("t"),
                    aes_key=SecretStr("k"),
                    original_id="gh_1",
                    templates={"draw_call": "TPL-1"},
                )
            },
            mini_programs={"demo": MiniProgramSettings(appid="wx2", secret=SecretStr("s2"))},
        )
        vendor, shared = tools.vendor("wechat", timeout=timeout), SharedValues(store)
        tokens = AccessTokens(vendor, shared, url)
        api = WechatApi(vendor, tokens, DailyQuotas(store, clock, monotonic=lambda: 0.0), url, clock)
        self.official = OfficialAccounts(settings, api)
        self.mini = MiniPrograms(settings, api, clock)

    async def send(self, mini_page: str = "") -> str:
        message = TemplateMessage("o1", "draw_call", {"thing1": "评标"}, "https://x/i/1", "n1", mini_page)
        return await self.official.send_template("demo", message)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 21, 4, 0, tzinfo=UTC))


@pytest.fixture
def clients(tools: Tools, store: Redis, clock: FixedClock) -> Callable[..., Clients]:
    return lambda url, timeout=5.0: Clients(tools, store, url, clock, timeout)


Make = Callable[..., Clients]


async def test_a_template_message_is_sent_as_written(clients: Make) -> None:
    async with Rogue([TOKEN, reply({"errcode": 0, "errmsg": "ok", "msgid": 1234567890123456789})]) as rogue:
        assert await clients(rogue.url).send() == "1234567890123456789"
    token, message = rogue.seen
    assert token.json()["force_refresh"] is False
    assert message.target == "/cgi-bin/message/template/send?access_token=T1"
    assert message.json() == {
        "touser": "o1",
        "template_id": "TPL-1",
        "client_msg_id": "n1",
        "data": {"thing1": {"value": "评标"}},
        "url": "https://x/i/1",
    }
    assert "评标".encode() in message.body, "characters, not escapes"


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
async def test_a_refused_token_is_fetched_again_and_the_call_repeated_once(clients: Make, errcode: int) -> None:
    refused = reply({"errcode": errcode, "errmsg": "invalid credential"})
    async with Rogue([TOKEN, refused, TOKEN_2, reply({"errcode": 0, "msgid": 7})]) as rogue:
        assert await clients(rogue.url).send() == "7"
    assert [seen.target.rpartition("=")[2] for seen in rogue.seen if "send" in seen.target] == ["T1", "T2"]


async def test_a_card_opens_the_mini_program_where_there_is_one(clients: Make) -> None:
    async with Rogue([TOKEN, reply({"errcode": 0, "msgid": 7})]) as rogue:
        await clients(rogue.url).send("pages/draw?id=1")
    assert rogue.seen[-1].json()["miniprogram"] == {"appid": "wx2", "pagepath": "pages/draw?id=1"}
    assert rogue.seen[-1].json()["url"] == "https://x/i/1", "where WeChat is too old for it"


async def test_a_subscription_notice_is_sent_as_written(clients: Make) -> None:
    message = TemplateMessage("o1", "draw_call", {"thing1": "评标"}, "https://x/i/1", "n1", "pages/draw?id=1")
    async with Rogue([TOKEN, reply({"errcode": 0, "errmsg": "ok"})]) as rogue:
        await clients(rogue.url).official.send_subscription("demo", message, "SUB-1")
    assert rogue.seen[-1].target == "/cgi-bin/message/subscribe/bizsend?access_token=T1"
    assert rogue.seen[-1].json() == {
        "touser": "o1",
        "template_id": "SUB-1",
        "data": {"thing1": {"value": "评标"}},
        "page": "https://x/i/1",
        "miniprogram": {"appid": "wx2", "pagepath": "pages/draw?id=1"},
    }


async def test_a_token_that_is_always_refused_ends_after_one_repetition(clients: Make) -> None:
    refused = reply({"errcode": 40001, "errmsg": "invalid credential"})
    async with Rogue([TOKEN, refused, TOKEN_2, refused]) as rogue:
        with pytest.raises(Transient) as caught:
            await clients(rogue.url).send()
    assert caught.value.retry_after == 60
    assert len(rogue.seen) == 4


async def test_a_wrong_secret_is_an_alarm_and_no_retry(clients: Make) -> None:
    async with Rogue([reply({"errcode": 40125, "errmsg": "invalid appsecret"})]) as rogue:
        with capture_logs() as logs, pytest.raises(NeedsOperator) as caught:
            await clients(rogue.url).send()
    assert caught.value.vendor_code == "40125"
    assert any(entry["event"] == "vendor_needs_operator" and entry["log_level"] == "error" for entry in logs)


@pytest.mark.parametrize(
    "lie",
    [
        {},
        {"access_token": "", "expires_in": 7200},
        {"access_token": "T\n1", "expires_in": 7200},
        {"access_token": "T1"},
        {"access_token": "T1", "expires_in": -5},
    ],
)
async def test_a_token_answer_that_makes_no_sense_sends_nothing(clients: Make, lie: dict[str, object]) -> None:
    async with Rogue([reply(lie)]) as rogue:
        with pytest.raises(Transient):
            await clients(rogue.url).send()
    assert len(rogue.seen) == 1


@pytest.mark.parametrize(
    "answer",
    [
        DROP,
        reply({"errcode": 0, "errmsg": "ok"}),
        reply({"msgid": 5}),
        reply({"errcode": "zero", "msgid": 5}),
        reply({"errcode": 0, "msgid": None}),
        reply(b"<html>", kind="text/html"),
    ],
)
async def test_a_send_without_a_whole_answer_has_an_unknown_outcome(clients: Make, answer: bytes) -> None:
    async with Rogue([TOKEN, answer]) as rogue:
        with pytest.raises(OutcomeUnknown):
            await clients(rogue.url).send()
    assert len(rogue.seen) == 2


async def test_a_send_that_is_never_answered_has_an_unknown_outcome(clients: Make) -> None:
    async with Rogue([TOKEN, HANG]) as rogue:
        with pytest.raises(OutcomeUnknown):
            await clients(rogue.url, 0.3).send()


async def test_a_used_up_day_stops_every_process_until_midnight_in_beijing(clients: Make, clock: FixedClock) -> None:
    over = reply({"errcode": 45009, "errmsg": "reach max api daily quota limit rid: 61725984-6126f6f9-040f19c4"})
    async with Rogue([TOKEN, over, reply({"errcode": 0, "msgid": 8})]) as rogue:
        for process in (clients(rogue.url), clients(rogue.url)):
            with pytest.raises(Transient) as caught:
                await process.send()
            assert caught.value.retry_after == 12 * 3600
        assert len(rogue.seen) == 2
        clock.move(timedelta(hours=12))
        assert await clients(rogue.url).send() == "8"


async def test_one_used_up_call_does_not_stop_another(clients: Make) -> None:
    async with Rogue([TOKEN, reply({"errcode": 45009}), OK]) as rogue:
        process = clients(rogue.url)
        with pytest.raises(Transient):
            await process.send()
        await process.official.send_text("demo", "o1", "您好")


async def test_the_platform_message_is_neither_passed_on_nor_logged(clients: Make) -> None:
    text = "require subscribe oSECRETOPENID rid: 61725984-6126f6f9-040f19c4"
    async with Rogue([TOKEN, reply({"errcode": 43004, "errmsg": text})]) as rogue:
        with capture_logs() as logs, pytest.raises(Rejected) as caught:
            await clients(rogue.url).send()
    assert "oSECRETOPENID" not in str(caught.value) + str(logs)
    assert any(entry.get("rid") == "61725984-6126f6f9-040f19c4" for entry in logs)


async def test_choices_travel_with_ids_as_text(clients: Make) -> None:
    async with Rogue([TOKEN, OK]) as rogue:
        await clients(rogue.url).official.send_menu("demo", "o1", "参加吗？", [MenuItem(70001, "参加")], "点选即可")
    assert rogue.seen[1].json()["msgmenu"] == {
        "head_content": "参加吗？",
        "list": [{"id": "70001", "content": "参加"}],
        "tail_content": "点选即可",
    }


async def test_a_pool_without_account_is_refused_before_anything_is_sent(clients: Make) -> None:
    async with Rogue([TOKEN]) as rogue:
        process = clients(rogue.url)
        with pytest.raises(NeedsOperator):
            await process.official.send_text("nowhere", "o1", "x")
        with pytest.raises(NeedsOperator):
            await process.mini.login("nowhere", "c")
    assert rogue.seen == []


@pytest.mark.parametrize(("scene", "lifetime"), [("", 60), ("x" * 65, 60), ("x", 0), ("x", 2_592_001)])
async def test_an_impossible_scene_is_refused_before_anything_is_sent(clients: Make, scene: str, lifetime: int) -> None:
    async with Rogue([TOKEN]) as rogue:
        with pytest.raises(Rejected):
            await clients(rogue.url).official.create_scene("demo", scene, lifetime)
    assert rogue.seen == []


def test_browsers_are_sent_with_the_parameters_in_order(clients: Make) -> None:
    url = clients("https://open").official.authorize_url("demo", "https://x/h5?a=1&b=2", "S1")
    assert url.startswith("https://open/connect/oauth2/authorize?appid=wx1&redirect_uri=https%3A%2F%2Fx%2Fh5%3Fa%3D1")
    assert list(parse_qs(urlsplit(url).query)) == ["appid", "redirect_uri", "response_type", "scope", "state"]
    assert url.endswith("#wechat_redirect")


async def test_a_snapshot_visitor_is_recognised(clients: Make) -> None:
    async with Rogue([reply({"openid": "o9", "access_token": "u", "is_snapshotuser": 1})]) as rogue:
        user = await clients(rogue.url).official.web_user("demo", "c1")
    assert user.snapshot
    assert user.unionid is None


@pytest.mark.parametrize(
    "info",
    [
        {},
        {"purePhoneNumber": "13800001234", "countryCode": "86", "watermark": {"appid": "another"}},
    ],
)
async def test_a_phone_number_without_our_watermark_is_transient(clients: Make, info: dict[str, object]) -> None:
    async with Rogue([TOKEN, reply({"errcode": 0, "phone_info": info})]) as rogue:
        with pytest.raises(Transient):
            await clients(rogue.url).mini.phone_number("demo", "c1")


async def test_a_foreign_phone_number_is_refused(clients: Make) -> None:
    info = {"purePhoneNumber": "61234567", "countryCode": "852", "watermark": {"appid": "wx2"}}
    async with Rogue([TOKEN, reply({"errcode": 0, "phone_info": info})]) as rogue:
        with pytest.raises(Rejected) as caught:
            await clients(rogue.url).mini.phone_number("demo", "c1")
    assert caught.value.vendor_code == "foreign_number"


async def test_a_link_that_is_none_is_not_passed_on(clients: Make) -> None:
    async with Rogue([TOKEN, reply({"errcode": 0, "url_link": "javascript:alert(1)"})]) as rogue:
        with pytest.raises(Transient):
            await clients(rogue.url).mini.url_link("demo", "/pages/a", "x=1", 3600)


async def test_both_apps_have_tokens_of_their_own(clients: Make) -> None:
    link = reply({"errcode": 0, "url_link": "https://wxaurl.cn/a"})
    async with Rogue([TOKEN, OK, TOKEN_2, link]) as rogue:
        process = clients(rogue.url)
        await process.official.send_text("demo", "o1", "x")
        assert await process.mini.url_link("demo", "/pages/a", "x=1", 3600) == "https://wxaurl.cn/a"
    assert [seen.json()["appid"] for seen in rogue.seen if "stable_token" in seen.target] == ["wx1", "wx2"]
    assert rogue.seen[3].target.endswith("access_token=T2")


async def test_a_picture_is_uploaded_and_sent_by_its_media_id(clients: Make) -> None:
    uploaded = reply({"type": "image", "media_id": "M1", "created_at": 1})
    async with Rogue([TOKEN, uploaded, OK]) as rogue:
        official = clients(rogue.url).official
        media_id = await official.upload_image("demo", b"\x89PNG\r\n--x")
        await official.send_image("demo", "o1", media_id)
    _, upload, message = rogue.seen
    boundary = upload.headers["content-type"].partition("boundary=")[2]
    assert upload.target == "/cgi-bin/media/upload?access_token=T1&type=image"
    assert upload.body.startswith(f"--{boundary}\r\n".encode())
    assert upload.body.endswith(b"\r\n\r\n\x89PNG\r\n--x\r\n" + f"--{boundary}--\r\n".encode())
    assert message.json() == {"touser": "o1", "msgtype": "image", "image": {"media_id": "M1"}}


async def test_an_upload_without_media_id_may_be_repeated(clients: Make) -> None:
    async with Rogue([TOKEN, reply({"type": "image"})]) as rogue:
        with pytest.raises(Transient):
            await clients(rogue.url).official.upload_image("demo", b"x")
