"""The services of examinations over a store in memory."""

from __future__ import annotations

import pytest

from services.core.base import Actor, Deps
from services.exams import ExamServices
from services.registry import Services
from tests.factories.assembly import make_services
from tests.factories.people import make_account
from tests.services.exams.exam_scene import ExamScene, make_exam_scene


@pytest.fixture
def services(db: str, deps: Deps) -> Services:
    return make_services(deps)


@pytest.fixture
def exams(services: Services) -> ExamServices:
    return services.exams


@pytest.fixture
async def admin(db: str, deps: Deps) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(deps)).id)


@pytest.fixture
async def exam_scene(db: str, deps: Deps) -> ExamScene:
    return await make_exam_scene(deps, mock=False)
