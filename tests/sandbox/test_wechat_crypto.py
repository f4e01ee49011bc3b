"""The published test vectors of the message-push guide, and refusals."""

from __future__ import annotations

import pytest

from sandbox.wechat import crypto, xml

TOKEN, KEY, APPID = "AAAAA", "A" * 43, "wxba5fad812f8e6fb9"
ENCRYPTED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8X"
    "GT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf"
    "8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
PLAIN = (
    '{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,'
    '"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}'
)


def test_signature_of_the_address_check_matches_the_published_one() -> None:
    assert crypto.signature(TOKEN, "1714036504", "1514711492") == "f464b24fc39322e44b38aa78f5edd27bd1441696"
    assert crypto.signature(TOKEN, "1714037059", "486452656") == "899cf89e464efb63f54ddac96b0a0a235f53aa78"


def test_published_cipher_text_is_signed_and_decrypted() -> None:
    assert crypto.signature(TOKEN, "1714112445", "415670741", ENCRYPTED) == "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"
    assert crypto.decrypt(KEY, APPID, ENCRYPTED) == PLAIN
    assert crypto.encrypt(KEY, APPID, PLAIN, b"a8eedb185eb2fecf") == ENCRYPTED


def test_published_reply_is_encrypted_to_the_letter() -> None:
    encrypted = crypto.encrypt(KEY, APPID, '{"demo_resp":"good luck"}', b"707722b803182950")
    assert encrypted == "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
    assert crypto.signature(TOKEN, "1713424427", "415670741", encrypted) == "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"


@pytest.mark.parametrize("size", range(60, 96))
def test_every_padding_length_comes_back(size: int) -> None:
    message = "x" * size
    assert crypto.decrypt(KEY, APPID, crypto.encrypt(KEY, APPID, message)) == message


@pytest.mark.parametrize("bad", ["", "AAAA", "not base64!", ENCRYPTED[:-8], "A" * 64])
def test_junk_is_refused(bad: str) -> None:
    with pytest.raises(crypto.CryptoError):
        crypto.decrypt(KEY, APPID, bad)


def test_text_for_another_account_is_refused() -> None:
    with pytest.raises(crypto.CryptoError, match="another app id"):
        crypto.decrypt(KEY, "wxother", ENCRYPTED)


def test_xml_keeps_every_text() -> None:
    fields = {"A": "a]]>b<&", "N": 7, "L": [{"I": "1"}, {"I": "2"}], "Empty": ""}
    read = xml.read(xml.write({"A": fields["A"], "N": 7, "L": {"item": fields["L"]}, "Empty": ""}).encode())
    assert read == {"A": "a]]>b<&", "N": "7", "L": {"item": [{"I": "1"}, {"I": "2"}]}, "Empty": ""}


@pytest.mark.parametrize(
    "bad", [b"", b"{}", b"<xml>", b"<html></html>", b'<!DOCTYPE x [<!ENTITY a "b">]><xml>&a;</xml>']
)
def test_other_xml_is_refused(bad: bytes) -> None:
    with pytest.raises(xml.XmlError):
        xml.read(bad)
