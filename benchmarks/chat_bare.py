"""The peer of ``benchmarks/chat.py``: wechatpy in Flask, a bare encrypted echo without any state."""

from __future__ import annotations

from flask import Flask, Response, request
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.replies import TextReply

TOKEN, KEY, APPID = "token", "a" * 43, "wxbench0000000000"

app = Flask(__name__)
crypto = WeChatCrypto(TOKEN, KEY, APPID)


@app.post("/wechat/bench")
def receive() -> Response:
    query = request.args
    plain = crypto.decrypt_message(request.data, query["msg_signature"], query["timestamp"], query["nonce"])
    message = parse_message(plain)
    reply = TextReply(content=message.content, message=message)
    sealed = crypto.encrypt_message(reply.render(), query["nonce"], query["timestamp"])
    return Response(sealed, content_type="application/xml")
