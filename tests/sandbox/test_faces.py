"""The face check of the stand-in: the owner of the phone passes, another does not, and forged results don't help."""

from __future__ import annotations

from typing import Any

import pytest

from gateways.wechat.face_check import cert_hash
from tests.sandbox.conftest import MOBILE, Box

BEGIN, QUERY = "/cityservice/face/identify/getverifyid", "/cityservice/face/identify/queryverifyinfo"


async def begin(box: Box, number: str = "check-0001", **change: object) -> dict[str, Any]:
    owner = await box.phone()
    card = {"cert_type": "IDENTITY_CARD", "cert_name": owner["name"], "cert_no": owner["id_number"], **change}
    return await box.api(BEGIN, {"out_seq_no": number, "cert_info": card, "openid": await box.openid()})


async def verdict(box: Box, check: str, number: str = "check-0001", **change: object) -> dict[str, Any]:
    owner = await box.phone()
    hashed = cert_hash(owner["name"], owner["id_number"])
    body = {"verify_id": check, "out_seq_no": number, "cert_hash": hashed, "openid": await box.openid()}
    return await box.api(QUERY, {**body, **change})


async def test_the_owner_passes_and_only_after_showing_the_face(box: Box) -> None:
    check = (await begin(box))["verify_id"]
    assert (await verdict(box, check))["verify_ret"] == 0
    await box.control(f"phones/{MOBILE}/face", check=check)
    told = await verdict(box, check)
    assert (told["errcode"], told["verify_ret"]) == (0, 10000)


async def test_another_person_does_not(box: Box) -> None:
    check = (await begin(box, cert_name="别人"))["verify_id"]
    await box.control(f"phones/{MOBILE}/face", check=check)
    owner = await box.phone()
    told = await verdict(box, check, cert_hash=cert_hash("别人", owner["id_number"]))
    assert told["verify_ret"] == 90004


async def test_by_the_switch_the_person_leaves_and_may_come_back(box: Box) -> None:
    check = (await begin(box))["verify_id"]
    await box.control("faults", vendor="wechat", kind="face_fails", count=1)
    assert (await box.control(f"phones/{MOBILE}/face", check=check))["verify_ret"] == 90002
    await box.control(f"phones/{MOBILE}/face", check=check)
    assert (await verdict(box, check))["verify_ret"] == 10000


@pytest.mark.parametrize("change", [{"cert_hash": "0" * 64}, {"openid": "o-other"}, {"out_seq_no": "other-number"}])
async def test_a_verdict_asked_for_another_person_is_refused(box: Box, change: dict[str, str]) -> None:
    check = (await begin(box))["verify_id"]
    assert (await verdict(box, check, **change))["errcode"] == 47003


async def test_numbers_are_used_once_and_checks_grow_old(box: Box) -> None:
    check = (await begin(box))["verify_id"]
    assert (await begin(box))["errcode"] == 47003
    assert (await begin(box, "x y"))["errcode"] == 47003
    await box.advance(3601)
    await box.control(f"phones/{MOBILE}/face", check=check, expect=400)
