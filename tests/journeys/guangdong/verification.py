"""What the verifier reads and decides (manual 20, 23)."""

from __future__ import annotations

from tests.factories.files import pdf
from tests.journeys import guangdong as gd
from tests.journeys.guangdong import Day
from tests.journeys.guangdong.pages import expect_page


async def decide(day: Day, command: str, opinion: str, *reads: str) -> None:
    """The verifier opens the one application that waits, reads it, and decides."""
    verifier = day.verifier
    await verifier.open_application(gd.AGENCY)
    expect_page(verifier.browser, 200, gd.AGENCY, *reads)
    if command == "退回":
        await verifier.browser.press(command)
        expect_page(verifier.browser, 422, "意见")
    await (verifier.approve(opinion) if command == "通过" else verifier.refuse(opinion))
    expect_page(verifier.browser, 200, "没有待核验的申请")


async def prove_and_verify(day: Day, draw: str, kind: str, number: str = "") -> None:
    page = await day.on(draw, "submit")
    await page.press("提交审核", terminal=gd.TERMINAL, reason="项目需要重新评审")
    expect_page(page, 422, "证明材料")
    await page.upload("上传", pdf(), "证明材料.pdf")
    await page.press("提交审核", terminal=gd.TERMINAL, reason="项目需要重新评审")
    venue = await day.page_of(draw, "application", gd.VERIFIER)
    assert "已重新抽取" not in venue.page.text
    assert (await venue.download(venue.page.link("证明材料.pdf")))[:5] == b"%PDF-"
    await decide(day, "通过", "同意", kind, f"原活动：{number or day.number}", "证明材料.pdf")


async def check_verifiers_chat(day: Day) -> None:
    verifier = day.phone(gd.VERIFIER)
    await verifier.follow()
    await verifier.bind()
    told = await verifier.say("待核验")
    assert [words in told for words in ("待核验：共1个", gd.AGENCY, "提交")] == [True] * 3, told
    await verifier.unfollow()  # his later notices come by SMS again
    await day.stage.advance(65)  # the vendor lets one SMS with a code through a minute
