"""Uploads and the next step: it waits for them, sends what waits, and photos of a paper become one PDF."""

from __future__ import annotations

import io
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect
from pypdf import PdfReader

from models.applications import Attachment
from services.core.base import Actor
from services.inspection.pdf_pages import render_pages
from tests.factories.files import heic, jpeg
from tests.plugins.browsers import CHROMIUM, hold_requests
from tests.web.applicants import FORM, ApplyingWorld, field, photograph, serious, upload, world
from tests.web.test_browser import PHONE, Seen

__all__ = ["world"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
LETTER, PHOTO = "诚信承诺书", "一寸免冠照片"


async def at_files(browser: Browser, world: ApplyingWorld, *, files: bool = True) -> tuple[Actor, Page, Seen]:
    actor = await world.person()
    await world.begun(actor, files=files)
    seen = await world.at_page(browser, actor, PHONE)
    return actor, await seen.open(f"{FORM}#attachments"), seen


async def choose(page: Page, label: str, *files: Any) -> None:
    await field(page, label).locator("input[type=file]").set_input_files(list(files))


async def go_on(page: Page) -> None:
    await page.get_by_role("button", name="下一步").click()


async def test_the_next_step_waits_for_uploads_and_says_so(browser: Browser, world: ApplyingWorld) -> None:
    _, page, seen = await at_files(browser, world, files=False)
    released = await hold_requests(page, "**/parts/*")
    await choose(page, PHOTO, upload("寸照.jpg"))
    await go_on(page)
    await expect(page.get_by_text("还有1个文件正在上传，传完后自动继续，请不要离开本页。")).to_be_visible()
    await seen.check("apply-uploading")
    await expect(page.get_by_role("heading", name="附件上传")).to_be_visible()
    released.set()
    await expect(page.get_by_role("heading", name="核对信息")).to_be_visible()
    missing = page.get_by_role("region", name="还需补充")
    await expect(missing).to_contain_text("身份证国徽面")
    await expect(missing).not_to_contain_text(PHOTO)
    assert serious(seen) == []


async def test_an_upload_that_fails_keeps_the_step_until_the_person_has_read_it(
    browser: Browser, world: ApplyingWorld
) -> None:
    _, page, seen = await at_files(browser, world)
    released = await hold_requests(page, "**/parts/*")
    await choose(page, LETTER, upload("坏的.pdf", b"%PDF-1.4 torn off"))
    await go_on(page)
    await expect(page.get_by_text("还有1个文件正在上传")).to_be_visible()
    released.set()
    await expect(field(page, LETTER).get_by_role("alert").first).to_contain_text("没有传上")
    await expect(field(page, LETTER).get_by_role("alert").first).to_be_in_viewport()
    await expect(page.get_by_role("heading", name="附件上传")).to_be_visible()
    await go_on(page)
    await expect(page.get_by_role("heading", name="核对信息")).to_be_visible()
    assert serious(seen) == []


async def test_photos_of_a_signed_paper_become_one_pdf_which_the_next_step_sends(
    browser: Browser, world: ApplyingWorld
) -> None:
    actor, page, seen = await at_files(browser, world)
    await choose(
        page, LETTER, upload("第一页.jpg", jpeg(900, 1300)), upload("第二页.jpg", jpeg(900, 1300, orientation=6))
    )
    letter = field(page, LETTER)
    await expect(letter.get_by_role("button", name="合成PDF并上传（共2页）")).to_be_visible()
    await choose(page, LETTER, upload("第三页.jpg", jpeg(1300, 900)))
    await letter.get_by_role("button", name="去掉第1页").click()
    await expect(letter.get_by_role("button", name="合成PDF并上传（共2页）")).to_be_visible()
    await seen.check("apply-photo-pages")
    assert not await Attachment.exists(account_id=actor.account_id, field="commitment_letter")
    await go_on(page)
    await expect(page.get_by_role("heading", name="核对信息")).to_be_visible()
    stored = await Attachment.get(account_id=actor.account_id, field="commitment_letter", state="ready")
    assert (stored.media_type, stored.filename) == ("application/pdf", "诚信承诺书（签字扫描件）.pdf")
    content = (await world.services.reviews.attachment_access.open(actor, stored.id, "original")).content
    sizes = [tuple(map(float, page.mediabox[2:])) for page in PdfReader(io.BytesIO(content), strict=True).pages]
    assert sizes == [(842.0, 595.0), (842.0, 595.0)], "both photos lie on their side once they are upright"
    assert [len(page) > 1000 for page in render_pages(content, 400, 9)] == [True, True]
    assert serious(seen) == []


async def test_a_photo_that_cannot_be_read_says_what_to_do_and_can_be_taken_out(
    browser: Browser, world: ApplyingWorld
) -> None:
    _, page, seen = await at_files(browser, world)
    unreadable: Any = {"name": "照片.heic", "mimeType": "image/heic", "buffer": heic()}
    await choose(page, LETTER, unreadable, upload("好的.jpg", photograph(3)))
    letter = field(page, LETTER)
    await go_on(page)
    await expect(letter.get_by_role("alert").first).to_contain_text("有的照片打不开")
    await expect(page.get_by_role("heading", name="附件上传")).to_be_visible()
    await letter.get_by_role("button", name="去掉第1页").click()
    await letter.get_by_role("button", name="合成PDF并上传（共1页）").click()
    await expect(letter.get_by_text("诚信承诺书（签字扫描件）.pdf")).to_be_visible()
    await expect(letter.get_by_role("alert").first).to_be_hidden()
    assert serious(seen) == []
