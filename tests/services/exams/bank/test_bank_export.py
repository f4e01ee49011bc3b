"""The bank to take away. That each format comes back whole is shown by ``test_item_import``."""

from __future__ import annotations

import io

import pytest
from openpyxl import load_workbook

from domain.errors import InvalidInput
from domain.exams.questions import TITLES
from models.audit import AuditEntry
from services.core.base import Actor, Deps
from services.exams import ExamServices, ItemFilter
from tests.factories.exam_items import case, make_items, multiple, single

pytestmark = pytest.mark.usefixtures("db")


async def test_a_sheet_has_the_columns_of_the_template(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    await make_items(deps, single("=HYPERLINK(1)"), multiple())
    content = await exams.bank_export.make(admin, ItemFilter(), "xlsx")
    head, *lines = load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(values_only=True)
    assert list(head) == list(TITLES.values())
    assert [line[:3] for line in lines] == [
        ("T00002", "多选题", multiple().stem),
        ("T00001", "单选题", "'=HYPERLINK(1)"),
    ]
    assert [line[11] for line in lines] == ["ABD", "B"]


async def test_only_what_matches_goes_out_and_parts_bring_their_case(
    deps: Deps, exams: ExamServices, admin: Actor
) -> None:
    (case_id, *_) = await make_items(deps, case(), multiple())
    await exams.bank.add(admin, single(), case_id=case_id)
    text = (await exams.bank_export.make(admin, ItemFilter(kind="single"), "gift")).decode()
    assert text.count("[id:") == 2
    assert multiple().stem not in text
    assert text.count("[tag:案例:T00001]") == 2


async def test_each_export_is_recorded(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    await make_items(deps, single())
    await exams.bank_export.make(admin, ItemFilter(), "moodle_xml")
    assert (await AuditEntry.get(action="exam.items.export")).details == {"count": 1, "form": "moodle_xml"}


async def test_nothing_and_unknown_forms_are_refused(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    with pytest.raises(InvalidInput, match="没有符合条件的题目"):
        await exams.bank_export.make(admin, ItemFilter(), "xlsx")
    await make_items(deps, single())
    with pytest.raises(InvalidInput, match="没有这种格式"):
        await exams.bank_export.make(admin, ItemFilter(), "pdf")
