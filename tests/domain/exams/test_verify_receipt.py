"""The receipt's checker: the vectors of RFC 8032, and every change of a receipt is found."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.exams.answers import ExamAnswer, digest
from domain.exams.verify_receipt import digest_of, is_signed, main, problems, statement

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = base64.urlsafe_b64encode(PRIVATE.public_key().public_bytes_raw()).decode().rstrip("=")
RFC_8032 = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
)


def receipt(**change: object) -> dict[str, object]:
    answers = [[0, 3, ""], [2, 0, "五人以上单数"]]
    stated: dict[str, object] = {
        "format": "pbt-exam-receipt-v1",
        "exam": "统一考试",
        "person": "测*",
        "number": 1,
        "at": "2026-11-21T14:00:00+08:00",
        "digest": digest_of(answers),
        "key": KEY,
    }
    signature = base64.urlsafe_b64encode(PRIVATE.sign(statement(stated))).decode().rstrip("=")
    return stated | {"signature": signature, "answers": answers} | change


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_the_vectors_of_the_standard(key: str, message: str, signature: str) -> None:
    made = bytes.fromhex(signature)
    assert is_signed(bytes.fromhex(message), made, bytes.fromhex(key))
    assert not is_signed(bytes.fromhex(message) + b"x", made, bytes.fromhex(key))


@given(st.binary(max_size=200), st.binary(min_size=32, max_size=32))
@settings(max_examples=25)
def test_it_agrees_with_a_library(message: bytes, seed: bytes) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    assert is_signed(message, private.sign(message), private.public_key().public_bytes_raw())


@given(st.binary(max_size=80), st.binary(max_size=40))
@settings(max_examples=50)
def test_rubbish_is_no_signature(signature: bytes, key: bytes) -> None:
    assert not is_signed(b"m", signature, key)


def test_the_digest_is_the_one_of_the_protocol() -> None:
    answers = {0: ExamAnswer(3), 1: ExamAnswer(), 2: ExamAnswer(0, "五人以上单数")}
    assert digest_of([[0, 3, ""], [2, 0, "五人以上单数"]]) == digest(answers)


def test_one_that_holds() -> None:
    assert problems(receipt(), KEY) == problems(receipt()) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"exam": "另一场考试"}, "签名不符"),
        ({"number": 2}, "签名不符"),
        ({"extra": "x"}, "签名不符"),
        ({"signature": "AAAA"}, "签名不符"),
        ({"signature": None}, "签名不符"),
        ({"key": "A" * 43}, "公钥"),
        ({"answers": [[0, 1, ""]]}, "与答卷摘要不符"),
        ({"digest": "0" * 64}, "签名不符"),
        ({"format": "x"}, "不是考试交卷回执"),
    ],
)
def test_a_change_is_found(change: dict[str, object], sentence: str) -> None:
    assert sentence in "".join(problems(receipt(**change), KEY))


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(receipt()), "utf-8")
    assert (main([str(path), "--key", KEY]), "回执核对通过" in capsys.readouterr().out) == (0, True)
    assert (main([str(path)]), KEY in capsys.readouterr().out) == (3, True)
    assert main([str(path), "--key", "A" * 43]) == 1
    for text in ("", "[]", "{", '{"format": 1}'):
        path.write_text(text, "utf-8")
        assert main([str(path)]) == (1 if "format" in text else 2)
    assert main([str(tmp_path / "none.json")]) == 2
