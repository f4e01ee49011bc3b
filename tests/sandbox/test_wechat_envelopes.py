"""What the sandbox sends is understood by the service's own codec, and what the service replies by the sandbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot import replies
from bot.codec import Codec
from bot.rendering import render
from sandbox.config import AccountConfig
from sandbox.wechat import xml
from sandbox.wechat.envelopes import ReplyError, open_reply, seal_message
from tests.sandbox.conftest import MODES, Mode

NOW = datetime(2026, 1, 2, tzinfo=UTC)
STAMP = int(NOW.timestamp())
ACCOUNT = AccountConfig(
    pool="demo",
    name="",
    appid="wxba5fad812f8e6fb9",
    secret="",
    token="AAAAA",
    aes_key="A" * 43,
    original_id="gh_1",
    mode="safe",
    callback_url="",
)
PUBLISHED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8X"
    "GT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf"
    "8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)


def codec_of(account: AccountConfig) -> Codec:
    return Codec(
        "demo",
        appid=account.appid,
        token=account.token,
        aes_key=account.aes_key,
        original_id=account.original_id,
        mode=account.mode,
    )


def envelope(account: AccountConfig, plain: bytes) -> bytes:
    codec = codec_of(account)
    return codec.envelope(codec.encrypt(plain), "2", STAMP)


def reply_of(reply: replies.Reply, articles: int = 8) -> bytes:
    rendered = render(reply, "oA", "gh_1", STAMP, articles=articles)
    assert rendered is not None
    return rendered


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", range(60, 96))
def test_the_service_reads_what_the_sandbox_sends_at_every_length_of_padding(mode: Mode, size: int) -> None:
    account = replace(ACCOUNT, mode=mode)
    head = {"ToUserName": "gh_1", "FromUserName": "oA", "CreateTime": STAMP, "MsgType": "text", "MsgId": 7}
    message = xml.write({**head, "Content": "]]>" + "x" * size})
    query, body = seal_message(account, "oA", message, STAMP)
    received = codec_of(account).open(query, body.encode(), NOW).message
    assert (received.text, received.openid, received.msg_id) == ("]]>" + "x" * size, "oA", "7")
    assert ("Content" in body, "Encrypt" in body) == (mode != "safe", mode != "plain")


@pytest.mark.parametrize("mode", MODES)
def test_the_sandbox_reads_every_kind_of_reply_of_the_service(mode: Mode) -> None:
    account = replace(ACCOUNT, mode=mode)

    def read(reply: replies.Reply) -> dict[str, object]:
        opened = open_reply(account, envelope(account, reply_of(reply)))
        assert (opened.source, opened.target, opened.time) == ("gh_1", "oA", STAMP)
        names = ("content", "media_id", "thumb_media_id", "title", "description", "music_url", "hq_music_url")
        return {"type": opened.type} | {name: value for name in names if (value := getattr(opened, name, None))}

    assert read(replies.Text("您好 ]]> <b>&")) == {"type": "text", "content": "您好 ]]> <b>&"}
    assert read(replies.Image("M1")) == {"type": "image", "media_id": "M1"}
    assert read(replies.Voice("M2")) == {"type": "voice", "media_id": "M2"}
    assert read(replies.Video("M3", "题", "述")) == {
        "type": "video",
        "media_id": "M3",
        "title": "题",
        "description": "述",
    }
    assert read(replies.Music("T", "题", "述", "http://m", "http://h")) == {
        "type": "music",
        "thumb_media_id": "T",
        "title": "题",
        "description": "述",
        "music_url": "http://m",
        "hq_music_url": "http://h",
    }
    assert read(replies.TransferToStaff("kf1@gh_1")) == {"type": "transfer_customer_service"}


@pytest.mark.parametrize("count", [1, 2])
def test_the_sandbox_reads_one_article_and_several(count: int) -> None:
    cards = [replies.Article(f"题{number}", "", "https://u/", "") for number in range(count)]
    opened = open_reply(ACCOUNT, envelope(ACCOUNT, reply_of(replies.News(cards))))
    assert opened.count == count
    assert opened.articles == [
        {"title": f"题{number}", "description": "", "image": "", "url": "https://u/"} for number in range(count)
    ]


def signed_envelope(account: AccountConfig, encrypted: str) -> bytes:
    """Any text in an envelope whose signature is right."""
    signature = codec_of(account).sign("1", "2", encrypted)
    return xml.write({"Encrypt": encrypted, "MsgSignature": signature, "TimeStamp": 1, "Nonce": "2"}).encode()


@pytest.mark.parametrize("bad", ["", "AAAA", "not base64!", PUBLISHED[:-8], "A" * 64, PUBLISHED])
def test_signed_junk_is_refused(bad: str) -> None:
    with pytest.raises(ReplyError):
        open_reply(ACCOUNT, signed_envelope(ACCOUNT, bad))


def test_an_encrypted_nothing_is_refused() -> None:
    with pytest.raises(ReplyError, match="empty"):
        open_reply(ACCOUNT, envelope(ACCOUNT, b""))


def test_a_reply_for_another_account_is_refused() -> None:
    other = replace(ACCOUNT, appid="wxother")
    with pytest.raises(ReplyError, match="another app id"):
        open_reply(ACCOUNT, envelope(other, reply_of(replies.Text("x"))))


def test_a_reply_that_is_signed_with_another_token_is_refused() -> None:
    other = replace(ACCOUNT, token="BBBBB")
    with pytest.raises(ReplyError, match="MsgSignature"):
        open_reply(ACCOUNT, envelope(other, reply_of(replies.Text("x"))))


def test_a_plain_reply_is_refused_where_replies_are_encrypted() -> None:
    with pytest.raises(ReplyError, match="not encrypted"):
        open_reply(ACCOUNT, reply_of(replies.Text("x")))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"{}",
        b"<xml>",
        b"<xml/>",
        b"<xml>text</xml>",
        b"<html></html>",
        b"\xff\xfe",
        b'<!DOCTYPE x [<!ENTITY a "b">]><xml><MsgType>text</MsgType><Content>&a;</Content></xml>',
        b"<xml><MsgType>image</MsgType><Image/></xml>",
        b"<xml><MsgType>news</MsgType><ArticleCount>1</ArticleCount><Articles/></xml>",
        b"<xml><MsgType>poem</MsgType></xml>",
    ],
)
def test_other_xml_is_refused(mode: Mode, bad: bytes) -> None:
    account = replace(ACCOUNT, mode=mode)
    for answer in (bad, envelope(account, bad)):
        with pytest.raises(ReplyError):
            open_reply(account, answer)


def test_xml_keeps_every_text() -> None:
    written = xml.write({"A": "a]]>b<&", "N": 7, "L": {"item": [{"I": "1"}, {"I": "2"}]}, "Empty": ""})
    assert written == (
        "<xml><A><![CDATA[a]]]]><![CDATA[>b<&]]></A><N>7</N><L><item><I><![CDATA[1]]></I></item>"
        "<item><I><![CDATA[2]]></I></item></L><Empty><![CDATA[]]></Empty></xml>"
    )
