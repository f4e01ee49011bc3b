"""Shared by the journeys of applicants: persons, the running system, and waiting."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

import pytest
from pypdf import PdfReader

from app.commands.database import deps_for
from app.demo.data import load_catalogues_of
from app.players.applicants import Applicant
from app.players.browser import NotShown, WebBrowser
from app.players.http_client import Refused
from app.players.mini_program import MiniProgram
from app.players.office import PoolOffice
from app.players.page_script import PageScript
from app.players.people import check_sign
from app.players.phones import Phone
from app.players.reviewers import Reviewer
from config.settings import Settings
from domain.clock import local
from models.accounts import RoleGrant
from services.accounts import account_by_mobile
from services.core.base import system, transaction
from services.experts import COLUMNS, ExpertImport
from services.operations import find_broken, find_broken_audit
from tests.drivers.in_process import BEGIN, SettlingStage, Stores, stage_in_process
from tests.plugins.data_folders import data_folder

PASSWORD = "Abcd1234"


def birthday(years: int, days: int = 0) -> str:
    """The birthday (yyyymmdd) of a person who completes so many years in so many days after the journeys begin."""
    day = local(BEGIN).date() + timedelta(days=days)
    return f"{day.year - years}{day.month:02}{min(day.day, 28):02}"


@dataclass(frozen=True)
class Person:
    name: str
    mobile: str
    born: str = "19780615"
    """yyyymmdd"""
    home: str = "430104"
    serial: int = 1

    @property
    def id_number(self) -> str:
        first = f"{self.home}{self.born}{self.serial:03}"
        return first + check_sign(first)


@dataclass
class Journey:
    """State of the journey; each step stores what later ones need."""

    stage: SettlingStage
    pool: str
    admin: Person
    minis: dict[str, MiniProgram] = field(default_factory=dict)
    browsers: dict[str, WebBrowser] = field(default_factory=dict)
    applicants: dict[str, Applicant] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    """Values that later steps need of earlier ones."""

    async def begin(self, people: Sequence[Person], start: datetime | None = None) -> None:
        """Begin tomorrow at nine (or at ``start``), with a phone for each person."""
        now = local(await self.stage.now())
        tomorrow = datetime.combine(now.date() + timedelta(days=1), time(9), now.tzinfo)
        await self.stage.advance_to(start or tomorrow)
        for person in (self.admin, *people):
            phone = {"name": person.name, "mobile": person.mobile, "id_number": person.id_number}
            more = {"pool": self.pool, "role": "applicant", "follows": False, "email": f"{person.mobile}@mail.example"}
            await self.stage.http_client.control("/phones", phone | more)

    # ---- people and what they hold

    def phone(self, person: Person) -> Phone:
        return self.stage.phone(person.mobile, self.pool)

    def browser(self, person: Person, device: str = "") -> WebBrowser:
        """A browser of the person's; another ``device`` is another browser."""
        return self.browsers.setdefault(
            person.mobile + device, WebBrowser(self.stage.http_client, self.stage.http_client.service_url)
        )

    def wechat(self, person: Person) -> WebBrowser:
        """WeChat's own browser on the person's phone."""
        base = f"{self.stage.http_client.sandbox_url}/phone/{person.mobile}/service"
        return self.browsers.setdefault(f"{person.mobile}:wechat", WebBrowser(self.stage.http_client, base))

    async def mini(self, person: Person, role: str) -> MiniProgram:
        """The mini-program of a person acting as ``role``, logged in at first use."""
        key = f"{person.mobile}:{role}"
        if key not in self.minis:
            opened = MiniProgram(self.stage.http_client, self.phone(person), role)
            await opened.open()
            self.minis[key] = opened
        return self.minis[key]

    def at_browser(self, person: Person) -> Applicant:
        """The person in a browser, whose form uses the public API."""
        if person.mobile not in self.applicants:
            script = PageScript(self.browser(person), self.pool)
            self.applicants[person.mobile] = Applicant(self.phone(person), person.name, person.id_number, script)
        return self.applicants[person.mobile]

    async def reviewer(self, person: Person) -> Reviewer:
        return Reviewer(await self.mini(person, "reviewer"))

    async def office(self) -> PoolOffice:
        return PoolOffice(await self.mini(self.admin, "pool_admin"))

    # ---- waiting

    async def sms(self, person: Person, *words: str) -> str:
        """The text of an SMS that holds all the words, as soon as it is there. Raises Missing."""

        def find(state: dict[str, Any]) -> str | None:
            return next((s["text"] for s in state["sms"] if all(word in s["text"] for word in words)), None)

        return await self.phone(person).wait_for(find, "、".join(words))

    async def bubble(self, person: Person, *words: str) -> str:
        """The text of a bubble of the official account that holds all the words, templates included. Raises Missing."""

        def find(state: dict[str, Any]) -> str | None:
            chat = state["chats"].get(self.pool, {}).get("bubbles", [])
            texts = [f"{b['title']} {b['text']}" for b in chat if b["side"] == "account"]
            return next((text for text in reversed(texts) if all(word in text for word in words)), None)

        return await self.phone(person).wait_for(find, "、".join(words))

    async def wait_until_told(self, person: Person, word: str) -> None:
        """Wait until an SMS or a bubble holds the word. Raises Missing."""

        def find(state: dict[str, Any]) -> bool | None:
            bubbles = state["chats"].get(self.pool, {}).get("bubbles", [])
            texts = [b["text"] for b in bubbles if b["side"] == "account"] + [sms["text"] for sms in state["sms"]]
            return any(word in text for text in texts) or None

        await self.phone(person).wait_for(find, word)

    async def wait_until(self, look: Callable[[], Any], timeout: float = 20.0) -> Any:
        """The first result of ``look`` that is not empty. AssertionError where it stays empty."""
        return await self.stage.wait_until(look, str(look), timeout)

    async def wait_for_state(self, applicant: Applicant, state: str) -> None:
        async def look() -> bool:
            return await applicant.state() == state

        await self.wait_until(look)


@asynccontextmanager
async def run_journey(
    stores: Stores,
    pool: str,
    admin: Person,
    people: Sequence[Person],
    *,
    start: datetime | None = None,
    experts: str = "",
) -> AsyncIterator[Journey]:
    """The running system with one administrator; the invariants are checked at the end.

    ``experts``: rows of the sheet of those who are in the pool already, see ``expert_row``.
    """
    with data_folder("journey", new=True) as folder:
        prepare = [
            partial(_appoint_administrator, pool, admin),
            *([partial(_import_experts, pool, experts)] if experts else []),
        ]
        async with stage_in_process(stores, folder, pools=(pool,), prepare=prepare) as running:
            journey = Journey(running, pool, admin)
            await journey.begin(people, start)
            yield journey
            broken = await find_broken() + await find_broken_audit(running.deps)
            assert not broken, broken


async def _appoint_administrator(pool: str, admin: Person, settings: Settings) -> None:
    """Import the catalogues and appoint the first administrator."""
    async with deps_for(settings) as deps:
        await load_catalogues_of(deps, settings.rulebooks.parent / "catalogues")
        async with transaction():
            account = await account_by_mobile(deps, pool, admin.mobile)
            account.real_name = admin.name
            await account.save(update_fields=["real_name"])
            await RoleGrant.create(account_id=account.id, role="pool_admin", scope="", granted_at=deps.now())


def expert_row(person: Person, number: str, *, region: str, specialties: str, employer: str) -> str:
    """A line of the sheet from which experts are imported."""
    cells = {
        "专家编号": number,
        "姓名": person.name,
        "身份证号": person.id_number,
        "手机号": person.mobile,
        "常驻地": region,
        "评标专业": specialties,
        "职称": "2001",
        "工作单位": employer,
    }
    return ",".join(cells.get(column.title, "") for column in COLUMNS)


async def _import_experts(pool: str, experts: str, settings: Settings) -> None:
    sheet = ",".join(column.title for column in COLUMNS) + "\n" + experts
    async with deps_for(settings) as deps:
        report = await ExpertImport(deps).run(system(pool), sheet.encode(), "csv")
        assert not report.errors, report.errors


def pdf_text(pdf: bytes) -> str:
    """The text of all pages, without blanks, since lines are broken anywhere."""
    pages = [page.extract_text().replace("\u200b", "") for page in PdfReader(io.BytesIO(pdf)).pages]
    return "".join("".join(pages).split())


def refused(rule: str = "", code: str = "", says: str = "") -> pytest.RaisesExc[Refused]:
    """A refusal by this rule of the rulebook, with this code, whose sentence or page holds ``says``."""
    return pytest.RaisesExc(
        Refused,
        check=lambda error: (
            (not rule or error.rule == rule)
            and (not code or error.code == code)
            and says in str(error.problem.get("detail") or error.problem.get("text", ""))
        ),
    )


def refused_on_page(*says: str) -> pytest.RaisesExc[NotShown]:
    """A refusal that stands on the page, with these sentences or parts of them."""

    def check(error: NotShown) -> bool:
        assert all(sentence in error.page.text for sentence in says), error.page.text
        return True

    return pytest.RaisesExc(NotShown, check=check)


def messages_by_field(refusal: Refused) -> dict[str, str]:
    """Messages of a refusal by field."""
    return {error["field"]: error["message"] for error in refusal.problem.get("errors", [])}
