"""An applicant: registers, applies, fills in the form, uploads, submits, checks the progress.

The mini-program and the scripts of H5 pages use the same public API; the chat is the phone's, pages are the browser's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

from app.players.browser import BrowserPage, NotShown, WebBrowser
from app.players.http_client import Json
from app.players.mini_program import MiniProgram
from app.players.phones import NotArrived, Phone
from app.players.scans import card, portrait, signed_scan

PART = 256 * 1024
"""Bytes per part, a size that suits a phone."""
_BEGIN = "我已知晓，开始填写"
_APPLICATION = re.compile(r'data-application="([^"]+)"')


class Client(Protocol):
    """A client of the public API on behalf of the person: the mini-program, or the script of a page."""

    async def open_page(self, path: str) -> WebBrowser: ...

    async def get(self, path: str) -> Json: ...

    async def post(self, path: str, body: object = None) -> Json: ...

    async def put(self, path: str, body: object) -> Json: ...

    async def delete(self, path: str) -> Json: ...

    async def send(self, path: str, content: bytes) -> Json: ...


@dataclass
class Applicant:
    """One person. ``id`` is the application's, once begun; ``client`` is the person's current device."""

    phone: Phone
    name: str
    id_number: str
    client: Client
    id: str = ""
    versions: dict[str, int] = field(default_factory=dict)
    """Version of each section, as last read by this device."""

    # ---- to-do items

    async def home(self) -> Json:
        return await self.client.get("/home")

    async def badge(self) -> str:
        return str((await self.home())["membership_status"]["text"])

    async def to_do(self) -> list[str]:
        return [str(item["title"]) for item in (await self.home())["to_do"]]

    async def show(self) -> Json:
        return await self.client.get(f"/applications/{self.id}")

    async def state(self) -> str:
        return str((await self.show())["progress"]["state"])

    async def log(self) -> list[Json]:
        """The review log as shown to the applicant."""
        return list((await self.show())["log"])

    # ---- the form

    async def start(self, entry_type: str = "first") -> BrowserPage:
        """Begin an application, or go on with the one begun earlier; returns the form's page. Raises NotShown."""
        browser = await self.client.open_page(f"/h5/{self.phone.pool}/apply?entry_type={entry_type}")
        if _BEGIN not in browser.page.buttons:
            raise NotShown(browser.page, _BEGIN)
        page = await browser.press(_BEGIN)
        begun = _APPLICATION.search(page.html)
        if begun is None:
            raise NotShown(page, "申请表")
        self.id = begun.group(1)
        await self.read()
        return page

    async def read(self) -> Json:
        """Open the form on this device."""
        shown = await self.show()
        self.versions = {section["code"]: section["version"] for section in shown["sections"]}
        return shown

    async def save(self, section: str, values: Mapping[str, object]) -> Json:
        body = {"version": self.versions.get(section, 0), "values": dict(values)}
        saved = await self.client.put(f"/applications/{self.id}/sections/{section}", body)
        self.versions[section] = saved["version"]
        return saved

    async def revise(self, section: str, **typed: object) -> Json:
        """Open the form, change these values of a section and save it. Raises Refused."""
        shown = await self.read()
        values = next(part["values"] for part in shown["sections"] if part["code"] == section)
        return await self.save(section, values | typed)

    async def replace_file(self, place: str, filename: str, content: bytes) -> None:
        """Remove the files of a place, and upload another. Raises Refused."""
        for file in (await self.show())["files"]:
            if file["field"] == place:
                await self.client.delete(f"/attachments/{file['id']}")
        await self.upload(place, filename, content)

    async def fill_in(self, values: Mapping[str, object], *, entry_type: str = "first") -> None:
        """Save every section with its fields from ``values``."""
        for section in await self.sections(entry_type):
            here = {
                form_field["code"]
                for form_field in section["fields"]
                if not form_field["read_only"] and form_field["kind"] != "file"
            }
            if here:
                await self.save(section["code"], {code: values[code] for code in values.keys() & here})

    async def sections(self, entry_type: str = "first") -> list[Json]:
        """The form's sections as the API describes them."""
        return list((await self.client.get(f"/applications/schema?entry_type={entry_type}"))["sections"])

    async def find_employer(self, word: str) -> str:
        """The id of the first unit of the list whose name contains the word. Raises NotArrived."""
        units = (await self.client.get(f"/employers?word={quote(word)}"))["items"]
        if not units:
            raise NotArrived(f"单位列表里的“{word}”")
        return str(units[0]["id"])

    async def problems(self) -> dict[str, str]:
        """Problems that prevent submission: field → sentence."""
        return {problem["field"]: problem["message"] for problem in (await self.show())["problems"]}

    # ---- files

    async def upload(self, place: str, filename: str, content: bytes, *, row: int = 0, part: int = PART) -> str:
        """Send a file in parts; returns its id. Raises Refused."""
        begun = await self.begin(place, filename, len(content), row=row)
        for offset in range(0, len(content), part):
            await self.client.send(f"/attachments/{begun}/parts/{offset}", content[offset : offset + part])
        done = await self.client.post(f"/attachments/{begun}/completion")
        return str(done["id"])

    async def begin(self, place: str, filename: str, size: int, *, row: int = 0) -> str:
        """Announce a file; returns its id."""
        body = {"field": place, "row": row, "filename": filename, "size": size}
        return str((await self.client.post(f"/applications/{self.id}/attachments", body))["id"])

    async def attach_missing(self, *, but: frozenset[str] = frozenset()) -> list[str]:
        """Upload one file for every place that lacks one; returns the places."""
        sent: list[str] = []
        entry_type = (await self.show())["entry_type"]
        rules = {
            form_field["code"]: form_field
            for section in await self.sections(entry_type)
            for form_field in section["fields"]
        }
        for place in await self.problems():
            records, row, column = _split(place)
            rule = _column(rules[records], column) if column else rules[records]
            if rule["kind"] != "file" or place in but:
                continue
            name, content = _make_file(place, rule["types"], seed=len(sent))
            await self.upload(f"{records}.{column}" if column else place, name, content, row=row)
            sent.append(place)
        return sent

    # ---- documents

    async def print_form(self, *, confirmed: bool = True) -> Json:
        """Print the present version; the response's ``code`` identifies it. Raises Refused."""
        return await self.client.post(f"/applications/{self.id}/papers/form", {"confirmed": confirmed})

    async def document(self, kind: str = "form") -> bytes:
        """The PDF on the page of a document: printed ``form``, ``commitment`` or ``information``. Raises Refused."""
        browser = await self.client.open_page(f"/h5/{self.phone.pool}/papers/{kind}")
        return await browser.download(browser.page.link("打开PDF"))

    # ---- submission

    async def submit(self) -> Json:
        version = (await self.show())["version"]
        return await self.client.post(f"/applications/{self.id}/submission", {"version": version})

    async def withdraw(self) -> Json:
        return await self.client.post(f"/applications/{self.id}/withdrawal")

    async def cancel(self) -> Json:
        return await self.client.post(f"/applications/{self.id}/cancellation")

    async def ask(self, word: str = "进度") -> str:
        """The chat's reply to ``word``."""
        return await self.phone.say(word)


def _split(place: str) -> tuple[str, int, str]:
    """``qualifications[1].proof`` → field, row, column."""
    records, bracket, rest = place.partition("[")
    row, _, column = rest.partition("].")
    return (records, int(row), column) if bracket else (place, 0, "")


def _column(rule: Json, column: str) -> Json:
    return next(part for part in rule["columns"] if part["code"] == column)


def _make_file(place: str, types: list[str], *, seed: int) -> tuple[str, bytes]:
    """A plausible file for that place: name and content."""
    if place == "photo":
        return "一寸照片.jpg", portrait()
    if "jpg" in types:
        return f"证件{seed}.jpg", card(seed)
    return f"扫描件{seed}.pdf", signed_scan(seed)


# ---- registration


async def register_in_mini(mini: MiniProgram, name: str, id_number: str, password: str = "") -> Json:
    """Register in an opened mini-program that has the mobile from WeChat. Raises Refused."""
    version = (await mini.get("/pool"))["privacy_version"]
    body = {"name": name, "id_number": id_number, "privacy_version": version, "agreed": True, "password": password}
    return await mini.post("/registrations", body)


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
    version = _box_value(browser.page.html, "privacy")
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


def _box_value(html: str, name: str) -> str:
    """Value of a check box."""
    _, separator, rest = html.partition(f'name="{name}" value="')
    if not separator:
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
