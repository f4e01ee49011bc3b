from __future__ import annotations

import pytest

from services.core.base import Deps
from services.workflows import ReviewWorkflow
from tests.factories.reviews import make_catalogues
from tests.factories.workflows import make_reviews
from tests.services.conftest import NoticeBook


@pytest.fixture
async def catalogues(db: str) -> None:
    await make_catalogues()


@pytest.fixture
def reviews(deps: Deps, book: NoticeBook) -> ReviewWorkflow:
    return make_reviews(deps, book)
