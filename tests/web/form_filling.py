"""Fills in a pool's application form in a browser from its rulebook; a new province needs no change here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect

from domain.forms.checking import fields_of
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType, FormField
from tests.factories.files import pdf
from tests.factories.people import BANK_ACCOUNT, CREDIT_CODE
from tests.web.applicants import photograph

SIGNED = "signed_form"
_TYPED = {
    "textarea": "长期从事工程设计与管理。",
    "email": "zhao@example.com",
    "mobile": "13912345678",
    "phone": "0991-88881234",
    "credit_code": CREDIT_CODE,
    "bank_account": BANK_ACCOUNT,
    "integer": "5",
    "date": "2012-07-01",
    "month": "2012-07",
}


@dataclass
class FormFiller:
    """One person before the form of ``book``."""

    page: Page
    book: Rulebook
    entry_type: EntryType = "first"

    async def fill_all(self) -> None:
        """Fill in all sections, without the scan of the form, which is not printed yet."""
        shown = fields_of(self.book.form, self.entry_type)
        first = next(iter(self.book.form.of(self.entry_type).sections.values()))
        heading = self.page.locator(".fields h2")
        await expect(heading).not_to_be_empty()
        if await heading.text_content() != first.title:  # it opens where a value is missing
            await self._tab(first.title)
        for section in self.book.form.of(self.entry_type).sections.values():
            fields = [code for code in section.fields if code in shown]
            if not fields:
                continue
            await expect(self.page.locator(".fields h2")).to_have_text(section.title)
            for code in fields:
                if code != SIGNED and not shown[code].account:
                    await self._fill(self.page.locator(f'.fields > .field[data-field="{code}"]'), code, shown[code])
            await self.page.get_by_role("button", name="下一步").click()
        await expect(self.page.locator(".fields h2")).to_have_text("核对信息")

    async def _fill(self, box: Locator, code: str, field: FormField) -> None:
        if "still" in (await box.get_attribute("class") or ""):
            return  # read only: what a renewal keeps
        match field.kind:
            case "file":
                await self._upload(box, field)
            case "choice":
                await box.locator("select").select_option(field.options[0])
            case "yes_no":
                await box.get_by_role("radio", name="否").check()
            case "employer":
                await self._choose_employer(box)
            case "catalogue" | "region":
                await box.locator("button.choose").click()
                await self._choose_code(field)
            case "specialties":
                if not await box.locator(".chosen li").count():
                    await box.locator("button.add").click()
                    await self._walk_down()
            case "records" | "units":
                await self._fill_row(box, field)
            case kind:
                await box.locator("input, textarea").first.fill(_TYPED.get(kind, "示范设计院")[: field.length_max])

    async def _fill_row(self, box: Locator, field: FormField) -> None:
        if not await box.locator(".rowcard").count():
            await box.locator("button.add").first.click()
        card = box.locator(".rowcard").first
        if field.kind == "units":
            await card.locator("input").first.fill("某回避单位有限公司")
            return
        for name, part in field.parts.items():
            place = f"{box_code(field, self.book)}.{name}" if part.kind == "file" else name
            await self._fill(card.locator(f'.field[data-field="{place}"]'), name, part)

    async def _upload(self, box: Locator, field: FormField) -> None:
        if await box.locator(".files li").count():
            return  # taken over from the earlier application
        assert field.file is not None
        is_pdf = "pdf" in field.file.types
        content, kind = (pdf(), "application/pdf") if is_pdf else (photograph(7), "image/jpeg")
        name = f"{field.label}.{'pdf' if is_pdf else 'jpg'}"
        await box.locator("input[type=file]").set_input_files({"name": name, "mimeType": kind, "buffer": content})
        await expect(box.get_by_role("button", name="删除")).to_have_count(1)

    # ---- sheets

    async def _choose_employer(self, box: Locator) -> None:
        await box.locator("button.choose").click()
        sheet = self.page.get_by_role("dialog")
        await sheet.get_by_role("searchbox").fill("示范")
        await sheet.locator("li.node button").first.click()
        await expect(sheet).to_have_count(0)

    async def _choose_code(self, field: FormField) -> None:
        """Choose the first offered code of each level; offered ones must fit the field's rule of length."""
        await self._walk_down(field.code_length)

    async def _walk_down(self, length: int | None = None) -> None:
        sheet = self.page.get_by_role("dialog")
        for _ in range(5):
            await sheet.locator("li.node").first.wait_for()
            offered = sheet.locator("li.node:has(button.pick:enabled), li.node:has(button.plain:enabled)")
            if await offered.count():
                key = await offered.first.get_attribute("data-key") or ""
                assert length in (None, len(key)), f"{key} is offered, which the form refuses"
                await offered.first.locator("button.pick:enabled, button.plain:enabled").first.click()
                await expect(sheet).to_have_count(0)
                return
            first = sheet.locator("li.node").first
            shown = await first.get_attribute("data-key") or ""
            await sheet.locator("li.node button.row:not(.plain)").first.click()
            await expect(first).not_to_have_attribute("data-key", shown)
        raise AssertionError("the sheet offers nothing to choose")

    # ---- handing in

    async def hand_in(self) -> None:
        """Print and bring the signed scan where the pool wants that, then submit."""
        documents = self.book.form.papers
        if self.entry_type != "change" and (documents.print_before_submit or documents.print_locks):
            await self._print(locks=documents.print_locks)
        if SIGNED in fields_of(self.book.form, self.entry_type):
            form = self.book.form.of(self.entry_type)
            await self._tab(form.sections[form.section_of(SIGNED)].title)
            box = self.page.locator(f'.field[data-field="{SIGNED}"]')
            await self._upload(box, self.book.form.fields[SIGNED])
            await self._tab("核对提交")
        await expect(self.page.get_by_text("填写完整")).to_be_visible()
        await self.page.get_by_role("button", name="提交审核", exact=True).click()
        await self.page.get_by_role("button", name="确认提交").click()
        await self.page.wait_for_url(re.compile("/apply/status(\\?|$)"))

    async def _print(self, *, locks: bool) -> None:
        await self.page.get_by_role("button", name=re.compile("^打印表格")).click()
        if locks:
            await self.page.get_by_role("button", name="确认打印").click()
        await expect(self.page.get_by_text("表格已生成")).to_be_visible()
        await self.page.get_by_role("link", name="申请表").click()

    async def _tab(self, name: str) -> None:
        tabs = self.page.get_by_role("navigation", name="申请表的各部分")
        await tabs.get_by_role("button", name=re.compile(f"^{name}")).click()


def box_code(field: FormField, book: Rulebook) -> str:
    return next(code for code, box in book.form.fields.items() if box is field)
