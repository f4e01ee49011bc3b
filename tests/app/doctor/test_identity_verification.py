"""``pbt doctor`` on identity verification."""

from __future__ import annotations

import pytest

from app.doctor.findings import CheckFinding
from app.doctor.identity_verification import check_identity_verification
from config.settings import IdentityVerificationSettings, Settings
from tests.factories.settings import production_settings
from tests.gateways.support import DROP, Rogue, reply


def settings(url: str, pools: list[str]) -> Settings:
    asks = IdentityVerificationSettings(url=f"{url}/", access_key_secret="own", pools=pools)  # type: ignore[arg-type]
    return production_settings().model_copy(update={"pools": ["hunan"], "person_check": asks})


async def check_with_answer(answer: bytes, pools: list[str]) -> CheckFinding:
    async with Rogue([answer]) as rogue:
        (finding,) = await check_identity_verification(settings(rogue.url, pools))
    return finding


async def test_the_doctor_reports_a_pool_without_identity_verification() -> None:
    assert (await check_with_answer(DROP, [])).state == "skipped"


async def test_a_vendor_that_takes_our_signature_is_well() -> None:
    assert (await check_with_answer(reply({"Code": "400", "Message": "参数不能为空"}), ["hunan"])).state == "ok"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply({"Code": "410"}), "开通"),
        (reply({"Code": "411"}), "RAM"),
        (reply({"Code": "412"}), "欠费"),
        (reply({"Code": "SignatureDoesNotMatch"}, status=400), "ACCESS_KEY_SECRET"),
        (reply({"Code": "Strange"}, status=400), "Strange"),
        (DROP, "PBT_PERSON_CHECK__URL"),
    ],
)
async def test_each_trouble_says_what_to_do(answer: bytes, words: str) -> None:
    finding = await check_with_answer(answer, ["hunan"])
    assert (finding.state, words in finding.text) == ("problem", True)


async def test_a_pool_that_is_not_served_is_named() -> None:
    finding = await check_with_answer(DROP, ["hunan", "atlantis"])
    assert "atlantis" in finding.text
