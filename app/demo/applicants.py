"""Somebody who wants to become an expert: registers, fills in the form, uploads, submits, looks where it stands.

What is done in the mini-program and on the service's H5 pages goes over the same public API; chat and pages are the
phone's and the browser's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.demo.browsers import Browser, Page
from app.demo.mini import MiniProgram
from app.demo.phones import Missing, Phone
from app.demo.scans import card, portrait, signed_scan
from app.demo.wire import Json

PART = 256 * 1024
"""Bytes sent at once, as suits a phone."""


class Client(Protocol):
    """Whatever speaks to the public API in the person's name."""

    async def get(self, path: str) -> Json: ...

    async def post(self, path: str, body: object = None) -> Json: ...

    async def put(self, path: str, body: object) -> Json: ...

    async def delete(self, path: str) -> Json: ...

    async def send(self, path: str, content: bytes) -> Json: ...

    async def download(self, path: str) -> bytes: ...


@dataclass
class PageScript:
    """The script of the service's own pages: the public API with what the browser's log-in lends it."""

    browser: Browser
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
        return await self.browser.wire.api(method, self.pool + path, body, token=await self._token())

    async def send(self, path: str, content: bytes) -> Json:
        return await self.browser.wire.send(self.pool + path, content, token=await self._token())

    async def download(self, path: str) -> bytes:
        return await self.browser.wire.download(self.pool + path, token=await self._token())

    async def _token(self) -> str:
        return await self.browser.token(self.pool)


@dataclass
class Applicant:
    """One person. ``id`` is the application's, once it is begun; ``client`` the device in the person's hand."""

    phone: Phone
    name: str
    id_number: str
    client: Client
    id: str = ""
    versions: dict[str, int] = field(default_factory=dict)
    """Of each section, as this device has last read it."""

    # ---- what there is to do

    async def home(self) -> Json:
        return await self.client.get("/home")

    async def badge(self) -> str:
        return str((await self.home())["standing"]["text"])

    async def to_do(self) -> list[str]:
        return [str(item["title"]) for item in (await self.home())["to_do"]]

    async def show(self) -> Json:
        return await self.client.get(f"/applications/{self.id}")

    async def state(self) -> str:
        return str((await self.show())["progress"]["state"])

    async def log(self) -> list[Json]:
        """The review log as the person reads it."""
        return list((await self.show())["log"])

    # ---- the form

    async def start(self, entry_type: str = "first") -> Json:
        begun = await self.client.post("/applications", {"entry_type": entry_type})
        self.id = begun["id"]
        await self.read()
        return begun

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

    async def fill_in(self, values: Mapping[str, object], *, entry_type: str = "first") -> None:
        """Save every section with those of ``values`` that it asks for."""
        for section in await self.sections(entry_type):
            here = {one["code"] for one in section["fields"] if not one["read_only"] and one["kind"] != "file"}
            if here:
                await self.save(section["code"], {code: values[code] for code in values.keys() & here})

    async def sections(self, entry_type: str = "first") -> list[Json]:
        """The form's sections as the API describes them."""
        return list((await self.client.get(f"/applications/schema?entry_type={entry_type}"))["sections"])

    async def problems(self) -> dict[str, str]:
        """What keeps the form from being submitted: field → sentence."""
        return {one["field"]: one["message"] for one in (await self.show())["problems"]}

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
        """One file for every place that still asks for one; returns the places."""
        sent: list[str] = []
        rules = {one["code"]: one for section in await self.sections() for one in section["fields"]}
        for place in await self.problems():
            records, row, column = _split(place)
            rule = _column(rules[records], column) if column else rules[records]
            if rule["kind"] != "file" or place in but:
                continue
            name, content = _made_for(place, rule["types"], seed=len(sent))
            await self.upload(f"{records}.{column}" if column else place, name, content, row=row)
            sent.append(place)
        return sent

    # ---- papers

    async def print_form(self, *, confirmed: bool = True) -> Json:
        """Print the present state; the answer's ``code`` proves it. Raises Refused."""
        return await self.client.post(f"/applications/{self.id}/papers/form", {"confirmed": confirmed})

    async def paper(self, which: str = "form") -> bytes:
        """A PDF: ``form`` (printed), ``draft`` or ``commitment``. Raises Refused."""
        return await self.client.download(f"/applications/{self.id}/papers/{which}")

    # ---- handing in

    async def submit(self) -> Json:
        version = (await self.show())["version"]
        return await self.client.post(f"/applications/{self.id}/submission", {"version": version})

    async def withdraw(self) -> Json:
        return await self.client.post(f"/applications/{self.id}/withdrawal")

    async def cancel(self) -> Json:
        return await self.client.post(f"/applications/{self.id}/cancellation")

    async def ask(self, word: str = "进度") -> str:
        """What the chat answers."""
        return await self.phone.say(word)


def _split(place: str) -> tuple[str, int, str]:
    """``qualifications[1].proof`` → field, row, column."""
    records, bracket, rest = place.partition("[")
    row, _, column = rest.partition("].")
    return (records, int(row), column) if bracket else (place, 0, "")


def _column(rule: Json, column: str) -> Json:
    return next(part for part in rule["columns"] if part["code"] == column)


def _made_for(place: str, types: list[str], *, seed: int) -> tuple[str, bytes]:
    """What a person would put there: name and content."""
    if place == "photo":
        return "一寸照片.jpg", portrait()
    if "jpg" in types:
        return f"证件{seed}.jpg", card(seed)
    return f"扫描件{seed}.pdf", signed_scan(seed)


# ---- becoming known to a pool


async def register_in_browser(browser: Browser, phone: Phone, name: str, id_number: str, password: str) -> Page:
    """The registration's two pages; returns what follows. The second page comes back where something is wrong."""
    await browser.open(f"/h5/register?pool={phone.pool}")
    before = len((await phone.read())["sms"])
    await browser.press("获取验证码", mobile=phone.mobile)
    code = await phone.sms_code(after=before)
    return await fill_in_registration(browser, code=code, name=name, id_number=id_number, password=password)


async def fill_in_registration(browser: Browser, *, code: str, name: str, id_number: str, password: str) -> Page:
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
    """What a check box stands for."""
    _, found, rest = html.partition(f'name="{name}" value="')
    if not found:
        raise Missing(f"页面上的选择框 {name}")
    return rest.partition('"')[0]


async def register_in_mini(mini: MiniProgram, name: str, id_number: str, password: str = "") -> Json:
    """In an opened mini-program, whose WeChat has told the mobile. Raises Refused."""
    version = (await mini.get("/pool"))["privacy_version"]
    body = {"name": name, "id_number": id_number, "privacy_version": version, "agreed": True, "password": password}
    return await mini.post("/registrations", body)


async def register_by_chat(phone: Phone, name: str, id_number: str) -> str:
    """The talk from consent to the last answer, for a mobile that nobody has proven yet."""
    await phone.say("注册")
    await phone.tap("同意")
    await phone.say(name)
    await phone.say(id_number)
    await phone.tap("对，继续注册")
    before = len((await phone.read())["sms"])
    await phone.say(phone.mobile)
    return await phone.say(await phone.sms_code(after=before))


async def log_in_by_code(browser: Browser, phone: Phone, path: str) -> Page:
    """Open a page of a person; the log-in that comes first is done by SMS code."""
    await browser.open(path)
    before = len((await phone.read())["sms"])
    await browser.press("获取验证码", mobile=phone.mobile)
    return await browser.press("登录", code=await phone.sms_code(after=before))


async def log_in_by_password(browser: Browser, pool: str, name: str, password: str) -> Page:
    """``name``: mobile or ID number. The page of the log-in comes back where something is wrong."""
    await browser.open(f"/h5/login/password?pool={pool}&next=/h5/{pool}/apply")
    return await browser.press("登录", name=name, password=password)


# ---- those who decide


@dataclass
class Reviewer:
    """A department's reviewer at the desk of the mini-program."""

    client: MiniProgram

    async def queue(self, query: str = "") -> list[Json]:
        return list((await self.client.get(f"/reviews{query}"))["items"])

    async def find(self, number: str, specialty: str = "") -> str:
        """The task of an application, or of one specialty of it. Raises Missing."""
        for card_ in await self.queue():
            if card_["number"] == number and card_["specialty"].startswith(specialty):
                return str(card_["id"])
        raise Missing(f"申请{number}的审核任务")

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
