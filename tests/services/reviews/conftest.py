from __future__ import annotations

import pytest

from services.core.base import Deps
from services.entry.stages import Entry
from services.payments import Fees
from services.reviews import ReviewQueue
from services.reviews.decisions import Reviews
from tests.factories.reviews import make_catalogues
from tests.services.conftest import NoticeBook


@pytest.fixture
async def catalogues(db: str) -> None:
    await make_catalogues()


def reviews_of(deps: Deps, book: NoticeBook) -> Reviews:
    return Reviews(deps, book, Entry(deps, book, Fees(deps, book)))


@pytest.fixture
def reviews(deps: Deps, book: NoticeBook) -> Reviews:
    return reviews_of(deps, book)


@pytest.fixture
def queue(deps: Deps) -> ReviewQueue:
    return ReviewQueue(deps)
