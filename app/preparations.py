"""Loads the demonstration's data into the database between the migrations and the start of the parts.

Each step keeps existing data, so that all starts but the first find nothing to do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from app.commands.database import deps_for
from app.container import open_files
from app.demo.courses import call_to_course
from app.demo.data import POOL, load_demo
from app.demo.exam_items import load_exam_items
from app.demo.exams import call_example, load_exam
from app.demo.materials import load_materials
from app.demo.platform import load_platform
from config.settings import Settings
from gateways.document_renderer import TypstRenderer
from services.core.base import Deps
from services.files import SealedFiles

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Step = Callable[[Deps, Settings], Awaitable[None]]


async def bring_demo(settings: Settings) -> None:
    """Run all of the following steps in turn, over one connection to the database."""
    await run_steps(settings, _load_people, _load_items, publish_exam, offer_materials)


async def bring_demo_people(settings: Settings) -> None:
    """In the sandbox, load catalogues and the demonstration's people."""
    await run_steps(settings, _load_people)


async def bring_demo_items(settings: Settings) -> None:
    """In the sandbox, fill the demonstration's item bank, after its people exist."""
    await run_steps(settings, _load_items)


async def call_demo_expert(settings: Settings) -> None:
    """In the sandbox, call one expert to a short examination and a course, after he has bound his phone."""
    await run_steps(settings, _call_expert)


async def run_steps(settings: Settings, *steps: Step) -> None:
    """In the sandbox, run these steps in turn over one connection to the database."""
    if settings.env != "sandbox" or POOL not in settings.pools:
        return
    async with deps_for(settings) as deps:
        for step in steps:
            await step(deps, settings)


async def _load_people(deps: Deps, settings: Settings) -> None:
    report = await load_demo(deps, settings.rulebooks.parent / "catalogues")
    await load_platform(deps, settings)
    log.info("demo_loaded", experts=report.experts, staff=report.staff)


async def _load_items(deps: Deps, settings: Settings) -> None:
    count = await load_exam_items(deps, settings.rulebooks.parent / "exam_items")
    log.info("demo_items_loaded", count=count)


async def publish_exam(deps: Deps, _settings: Settings) -> None:
    """Publish an examination, after people and items exist."""
    log.info("demo_exam_loaded", count=await load_exam(deps))


async def offer_materials(deps: Deps, settings: Settings) -> None:
    """Offer two real files for download."""
    renderer = TypstRenderer(settings.fonts)
    try:
        store = SealedFiles(open_files(settings.files, settings.data_dir / "files"), deps.keys)
        count = await load_materials(deps, store, renderer, POOL)
    finally:
        renderer.close()
    log.info("demo_materials_loaded", count=count)


async def _call_expert(deps: Deps, settings: Settings) -> None:
    count = await call_example(deps)
    files = open_files(settings.files, settings.data_dir / "files")
    taught = await call_to_course(deps, files, settings.rulebooks.parent / "courses" / f"{POOL}.mp4")
    log.info("demo_expert_called", exams=count, courses=taught)
