"""The register of persons: who owns which number, and the failures that a test can order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Box

FREE = "110105198001010011"


async def ask(box: Box, name: str, number: str, **more: str) -> tuple[int, dict[str, Any]]:
    return await box.verify_identity(**{"ParamType": "normal", "UserName": name, "IdentifyNum": number, **more})


async def verdict(box: Box, name: str, number: str) -> str:
    status, answer = await ask(box, name, number)
    assert (status, answer["Code"], answer["Message"]) == (200, "200", "success")
    return str(answer["ResultObject"]["BizCode"])


async def test_the_number_of_a_phones_owner_is_his_alone(box: Box) -> None:
    phone = await box.phone()
    assert await verdict(box, phone["name"], phone["id_number"]) == "1"
    assert await verdict(box, "别人", phone["id_number"]) == "2"


async def test_an_unowned_id_number_belongs_to_the_first_name_asked_about(box: Box) -> None:
    assert [await verdict(box, name, FREE) for name in ("王小明", "李小红", "王小明")] == ["1", "2", "1"]


async def test_the_register_knows_nothing_of_the_serial_000(box: Box) -> None:
    assert await verdict(box, "王小明", "110105198001010003") == "3"


@pytest.mark.parametrize(
    ("sent", "code", "status"),
    [
        ({"UserName": ""}, "400", 200),
        ({"IdentifyNum": ""}, "400", 200),
        ({"IdentifyNum": "12345"}, "401", 400),
        ({"ParamType": "md5"}, "401", 400),
    ],
)
async def test_what_it_does_not_take(box: Box, sent: dict[str, str], code: str, status: int) -> None:
    answered, answer = await ask(box, "王小明", FREE, **sent)
    assert (answered, answer["Code"]) == (status, code)


@pytest.mark.parametrize(("kind", "code"), [("register_away", "402"), ("quota_used_up", "403")])
async def test_what_can_be_made_to_go_wrong(box: Box, kind: str, code: str) -> None:
    await box.control("faults", vendor="persons", kind=kind, count=1)
    assert (await ask(box, "王小明", FREE))[1]["Code"] == code
    assert await verdict(box, "王小明", FREE) == "1"


async def test_the_ledger_shows_neither_name_nor_number(box: Box) -> None:
    await verdict(box, "王小明", FREE)
    text = await (await box.client.get("/control/ledger?vendor=persons")).text()
    assert "Id2MetaVerify" in text
    assert "王小明" not in text
    assert FREE not in text
