"""XML of passive replies: texts by our own code, all other kinds by wechatpy (decision 5)."""

from __future__ import annotations

from dataclasses import replace

from bot.replies import News, Reply, Silence, Text, fit_cdata, shorten


def render(reply: Reply, openid: str, account: str, timestamp: int, *, articles: int = 1) -> bytes | None:
    """XML of a passive reply, or None for silence. ``articles`` is how many cards the trigger allows."""
    if isinstance(reply, Text):
        return _render_text(shorten(reply.content), openid, account, timestamp) if reply.content.strip() else None
    if isinstance(reply, Silence) or (isinstance(reply, News) and not reply.articles):
        return None
    if isinstance(reply, News):
        reply = replace(reply, articles=reply.articles[:articles])
    from bot.rich_rendering import render_rich  # noqa: PLC0415 (imports wechatpy, which takes 0.25 s and 7 MB)

    return render_rich(reply, openid, account, timestamp)


def _render_text(text: str, openid: str, account: str, timestamp: int) -> bytes:
    return (
        f"<xml><ToUserName><![CDATA[{fit_cdata(openid)}]]></ToUserName>"
        f"<FromUserName><![CDATA[{fit_cdata(account)}]]></FromUserName><CreateTime>{timestamp}</CreateTime>"
        f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{fit_cdata(text)}]]></Content></xml>"
    ).encode()
