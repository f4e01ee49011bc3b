from __future__ import annotations

import pytest

from services.core.base import Deps
from services.reviews import ReviewQueue
from services.workflows import ReviewWorkflow
from tests.factories.reviews import make_catalogues
from tests.factories.workflows import make_reviews
from tests.services.conftest import NoticeBook


@pytest.fixture
async def catalogues(db: str) -> None:
    await make_catalogues()


def reviews_of(deps: Deps, book: NoticeBook) -> ReviewWorkflow:
    return make_reviews(deps, book)


@pytest.fixture
def reviews(deps: Deps, book: NoticeBook) -> ReviewWorkflow:
    return reviews_of(deps, book)


@pytest.fixture
def queue(deps: Deps) -> ReviewQueue:
    return ReviewQueue(deps)
