"""Signatures and ciphers: the documents' examples, and an independent library (wechatpayv3) as the reference."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from wechatpayv3 import utils as reference

from gateways.wechat_pay.signing import (
    MerchantCredentials,
    authorization,
    decrypt,
    encrypt_field,
    find_seal,
    is_signed,
    new_nonce,
    payment_text,
    request_text,
    sign,
)
from tests.gateways.pay_platform import MERCHANT_KEY, STRANGER

NONCE = "593BEC0C930BF1AFEB40B4A08C8FB242"
VECTOR = {
    "algorithm": "AEAD_AES_256_GCM",
    "nonce": "fdasflkja484",
    "associated_data": "transaction",
    "ciphertext": (
        "DUcclrHBE5NffFMk6pzEyhUOz1nix96RDgIbIiR1/uv6JlUPkME9fPWRf9PY2asBSNXSyTtDp2Dpv5Od54A8SPl0QfjFcMYkyMs="
    ),
}
KEY = b"0123456789abcdef0123456789abcdef"


def test_a_request_signs_five_lines_that_all_end() -> None:
    """The documents' example of a download of certificates; the body is empty, its line isn't left out."""
    text = request_text("GET", "/v3/certificates", 1554208460, NONCE, b"")
    assert text == f"GET\n/v3/certificates\n1554208460\n{NONCE}\n\n".encode()


@pytest.mark.parametrize("body", ["", '{"appid":"wx1","amount":{"total":1}}'])
def test_the_header_agrees_with_the_reference(monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    monkeypatch.setattr(reference.time, "time", lambda: datetime.fromtimestamp(1554208460, UTC).timestamp())
    target = "/v3/pay/transactions/out-trade-no/T1?mchid=1900007291"
    ours = authorization(
        MerchantCredentials("1900007291", "ABC", MERCHANT_KEY), "POST", target, 1554208460, NONCE, body.encode()
    )
    theirs = reference.build_authorization(target, "POST", "1900007291", "ABC", MERCHANT_KEY, body, NONCE)
    assert ours.partition(" ")[0] == theirs.partition(" ")[0]
    pairs = [dict(re.findall(r'(\w+)="([^"]*)"', header)) for header in (ours, theirs)]
    assert pairs[0] == pairs[1]


def test_a_payment_signs_the_four_lines_of_the_documents() -> None:
    package = "prepay_id=wx201410272009395522657a690389285100"
    text = payment_text("wx2421b1c4370ec43b", 1554208460, NONCE, package)
    assert text == f"wx2421b1c4370ec43b\n1554208460\n{NONCE}\n{package}\n".encode()
    assert sign(MERCHANT_KEY, text) == reference.rsa_sign(MERCHANT_KEY, text.decode())


def test_the_vector_of_a_sealed_notification_opens() -> None:
    plain = decrypt(KEY, VECTOR)
    assert plain == b'{"out_trade_no":"T20261121000001","trade_state":"SUCCESS"}'
    assert plain.decode() == reference.aes_decrypt(
        VECTOR["nonce"], VECTOR["ciphertext"], VECTOR["associated_data"], KEY.decode()
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "fdasflkja485"},
        {"nonce": ""},
        {"associated_data": ""},
        {"associated_data": None},
        {"ciphertext": VECTOR["ciphertext"][4:]},
        {"ciphertext": "not base64!"},
        {"ciphertext": ""},
        {"ciphertext": None},
        {"algorithm": "AEAD_SM4_GCM"},
        {"algorithm": None},
    ],
    ids=str,
)
def test_what_was_not_sealed_for_us_does_not_open(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decrypt(KEY, VECTOR | wrong)
    with pytest.raises(ValueError, match="another key"):
        decrypt(KEY[::-1], VECTOR)


def test_a_signature_holds_for_its_text_and_key_alone() -> None:
    signature = sign(MERCHANT_KEY, b"text")
    assert is_signed(MERCHANT_KEY.public_key(), b"text", signature)
    assert not is_signed(MERCHANT_KEY.public_key(), b"text ", signature)
    assert not is_signed(STRANGER.public_key(), b"text", signature)
    assert not is_signed(MERCHANT_KEY.public_key(), b"text", "not base64!")
    assert not is_signed(MERCHANT_KEY.public_key(), b"text", "")
    assert not is_signed(MERCHANT_KEY.public_key(), b"text", "签名")


def test_a_secret_field_is_read_by_the_holder_of_the_key() -> None:
    sealed = encrypt_field(STRANGER.public_key(), "张三@example.cn")
    assert reference.rsa_decrypt(sealed, STRANGER) == "张三@example.cn"
    assert sealed != encrypt_field(STRANGER.public_key(), "张三@example.cn")


def test_the_seal_of_a_message_is_found_in_any_spelling_and_whole_or_not_at_all() -> None:
    headers = {
        "wechatpay-serial": "S",
        "WECHATPAY-TIMESTAMP": "1",
        "Wechatpay-Nonce": "N",
        "Wechatpay-Signature": "A",
    }
    seal = find_seal(headers)
    assert seal is not None
    assert (seal.serial, seal.timestamp, seal.nonce, seal.signature) == ("S", "1", "N", "A")
    for name in headers:
        assert find_seal({key: value for key, value in headers.items() if key != name}) is None


def test_nonces_are_never_the_same() -> None:
    nonces = {new_nonce() for _ in range(1000)}
    assert len(nonces) == 1000
    assert all(re.fullmatch(r"[0-9A-F]{32}", nonce) for nonce in nonces)
