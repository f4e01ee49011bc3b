"""What goes over the wire, by wechatpy: callbacks signed and encrypted for a service, its replies decrypted and parsed.

The service has a codec of its own, so every conversation shows that two implementations understand each other.
"""

from __future__ import annotations

import secrets
import struct
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException
from wechatpy.fields import ArticlesField, IntegerField
from wechatpy.replies import ArticlesReply, deserialize_reply, register_reply
from wechatpy.utils import WeChatSigner

from sandbox.config import AccountConfig
from sandbox.wechat import xml

_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, struct.error, ExpatError)
"""What wechatpy raises for bytes that are no reply."""


class ReplyError(Exception):
    """The platform does not accept the answer; the message says why, for the ledger."""


class _Articles(ArticlesField):  # type: ignore[misc]  # wechatpy has no types
    """Articles of a received reply: wechatpy reads no single one, and none without description or picture."""

    @classmethod
    def from_xml(cls, value: Any) -> list[dict[str, str]]:
        items = value["item"] if isinstance(value["item"], list) else [value["item"]]
        names = {"title": "Title", "description": "Description", "image": "PicUrl", "url": "Url"}
        return [{name: item.get(element) or "" for name, element in names.items()} for item in items]


@register_reply("news")
class NewsReply(ArticlesReply):  # type: ignore[misc]
    articles = _Articles("Articles", [])
    count = IntegerField("ArticleCount", 0)


def seal_message(account: AccountConfig, openid: str, message: str, now: int) -> tuple[dict[str, str], str]:
    """Query and body of one delivery, in the account's mode, with a nonce of its own."""
    timestamp, nonce = str(now), str(secrets.randbelow(900_000_000) + 100_000_000)
    signature = _sign(account.token, timestamp, nonce)
    query = {"signature": signature, "timestamp": timestamp, "nonce": nonce, "openid": openid}
    if account.mode == "plain":
        return query, message
    sealed = xmltodict.parse(_crypto(account).encrypt_message(message, nonce, timestamp))["xml"]
    query |= {"encrypt_type": "aes", "msg_signature": sealed["MsgSignature"]}
    if account.mode == "compatible":
        encrypted = f"<Encrypt>{xml.cdata(sealed['Encrypt'])}</Encrypt>"
        return query, message.removesuffix("</xml>") + f"{encrypted}</xml>"
    return query, xml.write({"ToUserName": account.original_id, "Encrypt": sealed["Encrypt"]})


def open_reply(account: AccountConfig, answer: bytes) -> Any:
    """One of wechatpy's replies. ReplyError when it cannot be read, or is not encrypted and signed as the mode asks."""
    try:
        plain = answer.decode() if account.mode == "plain" else _decrypt(account, answer)
        if not plain:
            raise ReplyError("the reply is empty")
        return deserialize_reply(plain)
    except InvalidSignatureException as error:
        raise ReplyError("the reply's MsgSignature is wrong") from error
    except InvalidAppIdException as error:
        raise ReplyError("encrypted for another app id") from error
    except _UNREADABLE as error:
        raise ReplyError(f"no reply: {error}") from error


def _decrypt(account: AccountConfig, answer: bytes) -> str:
    outer = xmltodict.parse(answer)["xml"]
    if not outer or "Encrypt" not in outer:
        raise ReplyError("the reply is not encrypted")
    plain = _crypto(account).decrypt_message(outer, outer["MsgSignature"], outer["TimeStamp"], outer["Nonce"])
    return str(plain)


def _crypto(account: AccountConfig) -> Any:
    return WeChatCrypto(account.token, account.aes_key, account.appid)


def _sign(*parts: str) -> str:
    signer = WeChatSigner()
    signer.add_data(*parts)
    return str(signer.signature)
