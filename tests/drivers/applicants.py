"""Drivers of applicants, reviewers and the office on the service's own pages, and of registering by chat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.players.browser import BrowserPage, WebBrowser
from app.players.http_client import Json
from app.players.mini_program import MiniProgram
from app.players.phones import NotArrived, Phone


@dataclass
class PageScript:
    """The script of the service's own pages: the public API with the token of the browser's log-in."""

    browser: WebBrowser
    pool: str

    async def get(self, path: str) -> Json:
        return await self._ask("GET", path)

    async def post(self, path: str, body: object = None) -> Json:
        return await self._ask("POST", path, body)

    async def put(self, path: str, body: object) -> Json:
        return await self._ask("PUT", path, body)

    async def delete(self, path: str) -> Json:
        return await self._ask("DELETE", path)

    async def _ask(self, method: str, path: str, body: object = None) -> Json:
        return await self.browser.http_client.api(method, self.pool + path, body, token=await self._token())

    async def send(self, path: str, content: bytes) -> Json:
        return await self.browser.http_client.send(self.pool + path, content, token=await self._token())

    async def download(self, path: str) -> bytes:
        return await self.browser.http_client.download(self.pool + path, token=await self._token())

    async def _token(self) -> str:
        return await self.browser.token(self.pool)


async def register_in_browser(
    browser: WebBrowser, phone: Phone, name: str, id_number: str, password: str
) -> BrowserPage:
    """Fill in both pages of the registration; returns the next page, or the second one if a value is wrong."""
    await browser.open(f"/h5/register?pool={phone.pool}")
    before = len((await phone.read())["sms"])
    await browser.press("获取验证码", mobile=phone.mobile)
    code = await phone.sms_code(after=before)
    return await fill_in_registration(browser, code=code, name=name, id_number=id_number, password=password)


async def fill_in_registration(
    browser: WebBrowser, *, code: str, name: str, id_number: str, password: str
) -> BrowserPage:
    """The second page alone, both boxes ticked."""
    version = _ticks(browser.page.html, "privacy")
    return await browser.press(
        "注册",
        code=code,
        name=name,
        id_number=id_number,
        password=password,
        again=password,
        privacy=version,
        honesty="yes",
    )


def _ticks(html: str, name: str) -> str:
    """Value of a check box."""
    _, found, rest = html.partition(f'name="{name}" value="')
    if not found:
        raise NotArrived(f"页面上的选择框 {name}")
    return rest.partition('"')[0]


async def register_by_chat(phone: Phone, name: str, id_number: str) -> str:
    """The conversation from consent to the last answer, for a mobile that is not proven yet."""
    await phone.say("注册")
    await phone.tap("同意")
    await phone.say(name)
    await phone.say(id_number)
    await phone.tap("对，继续注册")
    before = len((await phone.read())["sms"])
    await phone.say(phone.mobile)
    return await phone.say(await phone.sms_code(after=before))


async def log_in_by_password(browser: WebBrowser, pool: str, name: str, password: str) -> BrowserPage:
    """``name``: mobile or ID number. Returns the log-in page again if a value is wrong."""
    await browser.open(f"/h5/login/password?pool={pool}&next=/h5/{pool}/apply")
    return await browser.press("登录", name=name, password=password)


@dataclass
class Reviewer:
    """A department's reviewer in the mini-program."""

    client: MiniProgram

    async def queue(self, query: str = "") -> list[Json]:
        return list((await self.client.get(f"/reviews{query}"))["items"])

    async def find(self, number: str, specialty: str = "") -> str:
        """The task of an application, or of one specialty of it. Raises NotArrived."""
        for card_ in await self.queue():
            if card_["number"] == number and card_["specialty"].startswith(specialty):
                return str(card_["id"])
        raise NotArrived(f"申请{number}的审核任务")

    async def open(self, task: str) -> Json:
        return await self.client.get(f"/reviews/{task}")

    async def approve(self, task: str, opinion: str = "材料齐全，同意。", *, admitted: Sequence[str] = ()) -> Json:
        """``admitted``: the alternative specialties that enter, where the task asks about them."""
        body: dict[str, object] = {"opinion": opinion}
        if (await self.open(task))["alternatives"]:
            body["admitted"] = list(admitted)
        return await self.client.post(f"/reviews/{task}/approval", body)

    async def send_back(self, task: str, opinion: str, *, whole: bool = False) -> Json:
        return await self.client.post(f"/reviews/{task}/return", {"opinion": opinion, "whole": whole})

    async def refuse(self, task: str, opinion: str) -> Json:
        return await self.client.post(f"/reviews/{task}/refusal", {"opinion": opinion})


@dataclass
class Office:
    """The pool's administration."""

    client: MiniProgram

    async def assign(self, mobile: str, name: str, step: str, *, region: str = "", specialty: str = "") -> Json:
        body = {"mobile": mobile, "name": name, "step": step, "region": region, "specialty": specialty}
        return await self.client.post("/review-assignments", body)

    async def open_campaign(self, **form: object) -> str:
        """Announce a campaign; returns its id."""
        made = await self.client.post("/office/campaigns", form)
        await self.client.post(f"/office/campaigns/{made['id']}/publication")
        return str(made["id"])

    async def add_employer(self, name: str, credit_code: str = "", region: str = "") -> str:
        body = {"name": name, "credit_code": credit_code, "region": region}
        return str((await self.client.post("/office/employers", body))["id"])
