"""Photos as phones take them: too large, lying on their side, or of a kind that browsers don't know."""

from __future__ import annotations

import io
import random
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Browser, Page, expect

from models.applications import Attachment
from services.core.base import Actor
from tests.factories.files import heic
from tests.plugins.browsers import CHROMIUM
from tests.web.applicants import FORM, ApplyingWorld, field, serious, world
from tests.web.test_browser import PHONE

__all__ = ["world"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
LIMIT = 5_000_000
"""Of the photo in the demo pool."""


def noise(width: int, height: int, kind: str = "JPEG", *, orientation: int = 0) -> bytes:
    """A picture that packs badly, its upper half light."""
    chance, out = random.Random(7), io.BytesIO()
    light = bytes(byte | 0x80 for byte in chance.randbytes(width * (height // 2) * 3))
    dark = bytes(byte & 0x7F for byte in chance.randbytes(width * (height - height // 2) * 3))
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    Image.frombytes("RGB", (width, height), light + dark).save(out, kind, quality=95, exif=exif)
    return out.getvalue()


async def put(page: Page, label: str, name: str, kind: str, content: bytes) -> None:
    chosen: Any = {"name": name, "mimeType": kind, "buffer": content}
    await field(page, label).locator("input[type=file]").set_input_files(chosen)


async def stored_picture(world: ApplyingWorld, actor: Actor, page: Page, label: str) -> Image.Image:
    """The file as the service keeps it, once its thumbnail is on the page."""
    await expect(field(page, label).locator("img")).to_be_visible(timeout=30_000)
    row = await Attachment.get(account_id=actor.account_id, state="ready")
    opened = await world.services.reviews.attachment_access.open(actor, row.id, "original")
    assert (row.media_type, row.filename[-4:]) == ("image/jpeg", ".jpg")
    assert len(opened.content) == row.size <= LIMIT
    return Image.open(io.BytesIO(opened.content))


async def form_of(browser: Browser, world: ApplyingWorld) -> tuple[Actor, Page, Any]:
    actor = await world.person()
    await world.begun(actor)
    seen = await world.at_page(browser, actor, PHONE)
    return actor, await seen.open(f"{FORM}#attachments"), seen


@pytest.mark.parametrize(("name", "kind", "orientation"), [("大照片.jpg", "JPEG", 6), ("截屏.png", "PNG", 0)])
async def test_what_is_too_large_is_shrunk_and_stands_upright(
    browser: Browser, world: ApplyingWorld, name: str, kind: str, orientation: int
) -> None:
    content = noise(3000, 2300, kind, orientation=orientation)
    assert len(content) > LIMIT
    actor, page, seen = await form_of(browser, world)
    await put(page, "一寸免冠照片", name, f"image/{kind.lower()}", content)
    picture = await stored_picture(world, actor, page, "一寸免冠照片")
    assert (picture.height > picture.width) is bool(orientation), "a photo on its side was turned"
    assert not picture.getexif()
    small = picture.convert("L").resize((2, 2), Image.Resampling.BOX)
    light, dark = (
        (small.getpixel((1, 0)), small.getpixel((0, 0)))
        if orientation
        else (small.getpixel((0, 0)), small.getpixel((0, 1)))
    )
    assert isinstance(light, int)
    assert isinstance(dark, int)
    assert light > dark + 60
    await expect(field(page, "一寸免冠照片")).to_contain_text("照片过大会自动压缩")
    await seen.check(f"pictures-shrunk-{kind.lower()}")
    assert serious(seen) == []


async def test_what_fits_is_sent_as_it_is(browser: Browser, world: ApplyingWorld) -> None:
    content = noise(300, 200)
    actor, page, _ = await form_of(browser, world)
    await put(page, "一寸免冠照片", "小照片.jpg", "image/jpeg", content)
    await stored_picture(world, actor, page, "一寸免冠照片")
    assert (await Attachment.get(state="ready")).size == len(content)


async def test_a_heic_that_the_browser_can_t_read_is_read_by_the_service(
    browser: Browser, world: ApplyingWorld
) -> None:
    actor, page, seen = await form_of(browser, world)
    await put(page, "一寸免冠照片", "IMG_0001.HEIC", "image/heic", heic(1200, 900, orientation=6))
    picture = await stored_picture(world, actor, page, "一寸免冠照片")
    assert (picture.format, picture.height > picture.width) == ("JPEG", True)
    assert serious(seen) == []
