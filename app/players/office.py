"""The pool's administrator, on the pages below ``/office``."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from app.players.browser import BrowserPage, WebBrowser, expect
from app.players.phones import NotArrived
from app.players.reviewers import Pages
from domain.clock import local

Window = tuple[datetime, datetime]
"""Beginning and end."""
ENTRY_TYPES = ("first", "renewal", "education", "change")


@dataclass
class PoolOffice:
    """``browser`` displays the page opened last. All acts raise NotShown where the page shows a refusal instead."""

    pages: Pages
    browser: WebBrowser = field(init=False, repr=False)

    async def open(self, path: str) -> BrowserPage:
        self.browser = await self.pages.open_page(path)
        return self.browser.page

    async def _press(self, button: str, *words: str, **typed: str | None) -> BrowserPage:
        return expect(await self.browser.press(button, **typed), *words)

    # ---- reviewers, units

    async def assign(self, mobile: str, name: str, step: str, *, region: str = "", specialty: str = "") -> BrowserPage:
        """Authorise a reviewer; returns the page, which lists the assignments."""
        await self.open("/office/reviewers")
        typed = {"mobile": mobile, "name": name, "step": step, "region": region}
        return await self._press("授权", "已授权", **typed | ({"specialty": specialty} if specialty else {}))

    async def add_employer(self, name: str, credit_code: str = "", region: str = "") -> None:
        await self.open("/office/employers")
        await self._press("添加", "单位已添加", name=name, credit_code=credit_code, region=region)

    async def accept_employer(self, name: str) -> None:
        """Add the unit that somebody has asked for, with this name."""
        await self.open("/office/employers/requests")
        await self._press("同意添加", "已添加，并通知了申请人", name=name)

    async def issue_passwords(self, numbers: Collection[str]) -> BrowserPage:
        """Set the initial passwords of experts; returns the page with the outcomes."""
        await self.open("/office/passwords")
        return await self._press("设置初始密码", f"已为{len(numbers)}位专家设置初始密码", numbers="\n".join(numbers))

    # ---- campaigns

    async def open_campaign(
        self,
        name: str,
        entry_types: Collection[str],
        enrol: Window,
        *,
        review: Window | None = None,
        pay: Window | None = None,
        advice: str = "",
    ) -> str:
        """Save a campaign as a draft and publish it; returns its page. ``advice``: a line for each region."""
        page = await self.open("/office/campaigns/new")
        boxes = {code: "on" if code in entry_types else None for code in ENTRY_TYPES}
        offered = page.form_of("保存草稿").names
        typed = {code: value for code, value in boxes.items() if code in offered}
        times = _times("enrol", enrol) | _times("review", review) | _times("pay", pay)
        page = await self._press("保存草稿", "草稿已保存", name=name, advice=advice, **typed, **times)
        await self._press("发布", "已发布")
        return page.path

    async def close_campaign(self, campaign: str) -> None:
        await self.open(campaign)
        await self._press("确定关闭报名", "已关闭报名")

    # ---- applications, objections

    async def _open_application(self, number: str, state: str = "") -> BrowserPage:
        """``state`` is needed where it was never submitted."""
        page = await self.open(f"/office/applications?state={state}&q={number}")
        return await self.browser.follow(_link_with(page, number))

    async def unlock(self, number: str, reason: str) -> None:
        """Unlock the printed form of an application."""
        await self._open_application(number, "locked")
        await self._press("解除锁定", "已解除锁定", reason=reason)

    async def record_exam(self, number: str, *, passed: bool, reason: str) -> None:
        """The result of an examination that was held elsewhere."""
        await self._open_application(number)
        await self._press("合格" if passed else "不合格", "已登记，并通知了申请人", reason=reason)

    async def decide_objection(self, outcome: str, answer: str) -> None:
        """The only open objection. ``outcome``: the label of a choice."""
        page = await self.open("/office/objections")
        chosen = page.form_of("提交处理结果").ticked(outcome)
        await self._press("提交处理结果", "已处理，并通知了异议人", answer=answer, **chosen)

    # ---- payments

    async def find_orders(self, search: str = "", only: str = "all") -> list[str]:
        """What the lines of orders show, newest first; ``search``: an expert's number."""
        page = await self.open(f"/office/orders?only={only}&q={quote(search)}")
        return [label for label, address in page.links.items() if _is_below("/office/orders/", address)]

    async def refund(self, number: str, reason: str) -> None:
        """Give back the paid order of an expert's number."""
        page = await self.open(f"/office/orders?only=paid&q={number}")
        await self.browser.follow(_link_with(page, number))
        await self._press("下一步", "确认退款", reason=reason)
        await self._press("确认退款", "已提交退款")

    async def find_invoice(self, number: str, only: str = "all") -> str:
        """What the line of an expert's invoice shows; empty where there is none."""
        page = await self.open(f"/office/invoices?only={only}&q={number}")
        return next((line for line in page.lines if number in line), "")

    async def upload_invoice(self, number: str, invoice_number: str, pdf: bytes) -> None:
        await self.find_invoice(number, "to_make")
        expect(await self.browser.upload("上传并发送", pdf, "发票.pdf", number=invoice_number), "发票已上传")

    async def reverse_invoice(self, number: str, note: str) -> None:
        """Ask WeChat Pay again to reverse an expert's invoice."""
        await self.find_invoice(number, "to_reverse")
        await self._press("申请冲红", "已申请冲红", note=note)

    async def find_bills(self) -> list[str]:
        """What the lines of all days show, newest first."""
        page = await self.open("/office/reconciliation")
        return [label for label, address in page.links.items() if _is_below("/office/reconciliation/", address)]

    async def find_bill(self, at: datetime) -> str:
        """What the line of a day shows; empty where there is none."""
        day = re.compile(rf"(\d+年)?{local(at).month}月{local(at).day}日")
        return next((line for line in await self.find_bills() if day.match(line)), "")

    async def open_bill(self, at: datetime) -> BrowserPage:
        """The differences of a day. Raises NotArrived."""
        line = await self.find_bill(at)
        return await self.browser.follow(line)

    async def reconcile(self, at: datetime) -> None:
        """Compare a day's bill again."""
        await self.open("/office/reconciliation")
        await self._press("立即对账", "已安排对账", day=f"{local(at):%Y-%m-%d}")


def _times(name: str, window: Window | None) -> dict[str, str]:
    if window is None:
        return {}
    return {f"{name}_{end}": f"{local(at):%Y-%m-%dT%H:%M}" for end, at in zip(("from", "until"), window, strict=True)}


def _is_below(path: str, address: str) -> bool:
    return address.startswith(path) and address != path


def _link_with(page: BrowserPage, word: str) -> str:
    """The label of the first link that holds the word. Raises NotArrived."""
    for label in page.links:
        if word in label:
            return label
    raise NotArrived(f"页面 {page.url} 上的链接“…{word}…”")
