"""An applicant with the form in a real browser: pages, their script and the public API on one server."""

from __future__ import annotations

import dataclasses
import io
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from PIL import Image
from playwright.async_api import Browser, Locator, Page
from tortoise import Tortoise

import miniapp_api
from app.demo.data import load_demo
from domain.clock import FixedClock
from domain.rulebook.book import Rulebook
from domain.rulebook.form import FormField
from models.accounts import Account
from models.applications import Application
from models.campaigns import Employer
from models.database_connection import tortoise_config
from services.core.base import Actor, Deps
from tests.factories.assembly import make_services
from tests.factories.attachments import upload_file
from tests.factories.files import pdf
from tests.factories.forms import good_values
from tests.factories.reviews import make_applicant
from tests.miniapp_api.conftest import Wechat
from tests.web.conftest import WechatBrowser, World
from tests.web.test_browser import Seen, look
from web.assembly import setup_pages

CATALOGUES = Path("config/catalogues")
Scheme = Literal["light", "dark"]
Serve = Callable[[web.Application], Awaitable[TestServer]]
FORM = "/h5/demo/apply/form"
FILES = ("photo", "id_card_front", "id_card_back", "degree_proof", "title_proof")


@dataclass
class ApplyingWorld(World):
    """The demo pool with its catalogues, employers and an open campaign."""

    people: list[Account] = dataclasses.field(default_factory=list)

    @property
    def deps(self) -> Deps:
        return self.services.deps

    async def person(self, name: str = "苏航") -> Actor:
        """A person who has registered."""
        account = await make_applicant(self.deps, name)
        self.people.append(account)
        return Actor("demo", "applicant", account.id)

    async def begun(self, actor: Actor, *, but: frozenset[str] = frozenset(), files: bool = False) -> UUID:
        """An application of the person's, filled in except for the fields ``but``."""
        begun = await self.services.applications.drafts.start(actor, "first")
        employer = await Employer.filter(pool="demo").order_by("name_sort").first()
        assert employer is not None
        values = good_values("demo") | {"employer": str(employer.id)}
        sections = self.deps.book("demo").form.sections.items()
        for code, section in sections:
            section_values = {name: values[name] for name in section.fields if name in values and name not in but}
            if section_values:
                await self.services.applications.drafts.save_section(actor, begun.id, code, section_values, 0)
        if files:
            for name in FILES:
                await upload_file(
                    self.services.applications.attachments,
                    actor,
                    begun.id,
                    name,
                    row=0,
                    filename=f"{name}.jpg",
                    content=photograph(20),
                )
        return begun.id

    def set_field(self, code: str, field: FormField) -> None:
        """Give the demo pool's form another province's field."""
        rulebooks = cast("dict[str, Rulebook]", self.deps.rulebooks)
        form = rulebooks["demo"].form
        changed = form.model_copy(update={"fields": {**form.fields, code: field}})
        rulebooks["demo"] = rulebooks["demo"].model_copy(update={"form": changed})

    def set_form(self, **papers: Any) -> None:
        """Change the demo pool's rules of its papers."""
        rulebooks = cast("dict[str, Rulebook]", self.deps.rulebooks)
        form = rulebooks["demo"].form
        changed = form.model_copy(update={"papers": form.papers.model_copy(update=papers)})
        rulebooks["demo"] = rulebooks["demo"].model_copy(update={"form": changed})

    async def at_page(self, browser: Browser, actor: Actor, size: tuple[int, int], scheme: Scheme = "light") -> Seen:
        """A browser in which the person has logged in by typing the SMS code."""
        seen = await look(browser, self, size, scheme)
        visitor = await self.log_in(actor)
        cookie = visitor.cookie
        await seen.page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": seen.base}])
        return seen


@asynccontextmanager
async def applying_world(deps: Deps, clock: FixedClock, serve: Serve) -> AsyncIterator[ApplyingWorld]:
    """A world on an open database."""
    cast("dict[str, Rulebook]", deps.rulebooks).pop("guangdong")
    await load_demo(deps, CATALOGUES, extras=0)
    wechat = WechatBrowser()
    services = make_services(deps, mini=Wechat(), web=wechat)
    app = web.Application(client_max_size=32 * 1024 * 1024)
    miniapp_api.setup(app, services)
    setup_pages(app, services)
    world = ApplyingWorld(await serve(app), services, cast(Any, None), clock, wechat)
    yield world
    await world.close()


async def state_of(application_id: UUID) -> str:
    return (await Application.get(id=application_id)).state


def photograph(seed: int, side: int = 120) -> bytes:
    """A JPEG of noise: about a megabyte at 900 dots."""
    chance = random.Random(seed)
    out = io.BytesIO()
    Image.frombytes("RGB", (side, side), chance.randbytes(side * side * 3)).save(out, "JPEG", quality=90)
    return out.getvalue()


def upload(name: str, content: bytes = b"") -> Any:
    """Choose a file as in the browser's dialogue."""
    kind = "application/pdf" if name.endswith(".pdf") else "image/jpeg"
    return {"name": name, "mimeType": kind, "buffer": content or (pdf() if kind.endswith("pdf") else photograph(1))}


async def saved(page: Page) -> None:
    """Wait until the form shows that it is saved."""
    await page.locator(".saved", has_text="已保存").wait_for()


@pytest.fixture
async def world(database: str, deps: Deps, clock: FixedClock, aiohttp_server: Serve) -> AsyncIterator[ApplyingWorld]:
    await Tortoise.init(config=tortoise_config(database), _enable_global_fallback=True)
    try:
        async with applying_world(deps, clock, aiohttp_server) as world:
            yield world
    finally:
        await Tortoise.close_connections()


def serious(seen: Seen) -> list[str]:
    """Errors of the browser, without its log of refusals that the page shows."""
    return [line for line in seen.complaints if "Failed to load resource" not in line]


def field(page: Page, label: str) -> Locator:
    return page.locator(".field").filter(has=page.locator(".caption", has_text=label)).last


async def tab(page: Page, name: str) -> None:
    await page.get_by_role("navigation", name="申请表的各部分").get_by_role("button", name=name).click()
