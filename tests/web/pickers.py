"""A picker as it is opened and read by a person with a keyboard on the screen."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Locator, Page, expect

from tests.drivers.waiting import eventually
from tests.plugins.browsers import capture

SCREENSHOTS = Path(__file__).parents[2] / "var" / "screenshots"
ABOVE_A_KEYBOARD = (390, 400)
_KEYBOARD = """(height) => {
    Object.defineProperty(visualViewport, 'height', { configurable: true, get: () => height });
    visualViewport.dispatchEvent(new Event('resize'));
}"""
"""What iOS does when the keyboard opens: the window keeps its height, the visual viewport does not."""
SEEN_WHOLE = """(hit) => {
    const { top, bottom, left, width } = hit.getBoundingClientRect();
    const inside = (y) => hit.contains(document.elementFromPoint(left + width / 2, y));
    return top >= 0 && bottom <= visualViewport.height && inside(top + 2) && inside(bottom - 2);
}"""


async def look_at(page: Page, name: str, opener: Locator, word: str) -> None:
    """Open the picker, type, and see its first hit whole: in a small window, then above a keyboard in a large one, on a
    screen, and with large letters."""
    for size, keyboard, large in (
        (ABOVE_A_KEYBOARD, 0, False),
        ((390, 844), 400, False),
        ((1280, 800), 0, False),
        (ABOVE_A_KEYBOARD, 0, True),
    ):
        await page.set_viewport_size({"width": size[0], "height": size[1]})
        await page.evaluate("(large) => document.documentElement.classList.toggle('large', large)", large)
        await opener.click()
        sheet = page.get_by_role("dialog")
        if keyboard:
            await page.evaluate(_KEYBOARD, keyboard)
        await sheet.get_by_role("searchbox").fill(word)
        hit = sheet.locator(".picks .node").first
        await expect(sheet.locator(".trail:visible")).to_have_count(0)
        await expect(hit).to_contain_text(word)
        kind = "-keyboard" if keyboard else "-large" if large else ""
        try:
            await eventually(lambda hit=hit: hit.evaluate(SEEN_WHOLE))  # type: ignore[misc]  # the tree may still stand
        except TimeoutError:
            raise AssertionError(f"{name} at {size}, keyboard {keyboard}, large {large}") from None
        await capture(page, path=SCREENSHOTS / f"picker-{name}-{size[0]}x{size[1]}{kind}.png")
        await sheet.get_by_role("button", name="关闭").click()
        await page.evaluate("delete visualViewport.height")
        await expect(sheet).to_have_count(0)
    await page.evaluate("document.documentElement.classList.remove('large')")
