"""Merchants, mail and file store: what can't work stops the start, and never quotes a key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import ValidationError

from tests.factories.settings import make_settings

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
PEM = serialization.Encoding.PEM


def private_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes | None = None) -> str:
    seal = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, seal).decode()


PUBLIC = KEY.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
GOOD: dict[str, Any] = {
    "mchid": "1900007291",
    "serial": "1dde55ad98ed71d6edd4a4a16996de7b47773a8c",
    "private_key": private_pem(KEY),
    "apiv3_key": "0123456789abcdef0123456789abcdef",
}


def test_a_merchant_is_read_from_one_line_of_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """As .env.example shows it, with the line feeds of PEM as \\n."""
    merchant = {**GOOD, "public_key_id": "PUB_KEY_ID_01", "public_key": PUBLIC, "fapiao": True}
    monkeypatch.setenv("PBT_PAY__MERCHANTS", json.dumps({"hunan": merchant}))
    read = make_settings().pay.merchants["hunan"]
    assert read.serial == GOOD["serial"].upper()
    assert read.private_key.get_secret_value() == GOOD["private_key"]
    assert (read.public_key, read.fapiao) == (PUBLIC, True)


def test_without_a_public_key_certificates_are_used() -> None:
    merchant = make_settings(pay={"merchants": {"hunan": GOOD}}).pay.merchants["hunan"]
    assert (merchant.public_key_id, merchant.fapiao) == ("", False)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"mchid": "12345"}, "8 to 10 digits"),
        ({"serial": "not hexadecimal"}, "hexadecimal"),
        ({"private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"}, "unencrypted private key"),
        ({"private_key": private_pem(KEY, b"secret")}, "unencrypted private key"),
        ({"private_key": private_pem(CURVE)}, "RSA"),
        ({"apiv3_key": "0123456789abcdef"}, "32 characters"),
        ({"public_key_id": "PUB_KEY_ID_01"}, "belong together"),
        ({"public_key": PUBLIC}, "belong together"),
        ({"public_key_id": "KEY_1", "public_key": PUBLIC}, "PUB_KEY_ID_"),
        ({"public_key_id": "PUB_KEY_ID_01", "public_key": GOOD["private_key"]}, "public key in PEM"),
    ],
    ids=[
        *("mchid", "serial", "damaged key", "encrypted key", "curve", "short key"),
        *("lone id", "lone key", "wrong id", "private for public"),
    ],
)
def test_a_merchant_that_cannot_work_is_refused(wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make_settings(pay={"merchants": {"hunan": GOOD | wrong}})
    reasons = str(caught.value.errors(include_input=False, include_url=False))
    assert reason in reasons
    assert "BEGIN" not in reasons


@pytest.mark.parametrize("sender", ["", "noreply", "评标通 <a@b.cn>", "a@b", "a@b.cn\r\nBcc: c@d.cn"])
def test_a_sender_is_a_plain_address(sender: str) -> None:
    with pytest.raises(ValidationError, match="plain address"):
        make_settings(mail={"sender": sender})


@pytest.mark.parametrize("url", ["https://bucket", "s3://", "s3://B_cket", "s3://bucket?region=x", "/var/files"])
def test_a_file_store_is_a_bucket_or_nothing(url: str) -> None:
    with pytest.raises(ValidationError, match="s3://bucket"):
        make_settings(files={"url": url})


@pytest.mark.parametrize("url", ["", "s3://pbt-files", "s3://pbt-files/hunan/files"])
def test_buckets_with_and_without_prefix_are_known(url: str) -> None:
    assert make_settings(files={"url": url}).files.url == url


def test_an_empty_folder_of_fonts_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PBT_FONTS", "")
    assert make_settings().fonts is None
    monkeypatch.setenv("PBT_FONTS", "/usr/share/fonts")
    assert make_settings().fonts == Path("/usr/share/fonts")
