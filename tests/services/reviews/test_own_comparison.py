"""An applicant sees before handing in what the application would change in his file."""

from __future__ import annotations

import pytest

from domain.errors import NotFound
from services.core.base import Actor, Deps
from services.reviews.own_comparison import FieldComparison, OwnComparison, OwnComparisons
from tests.factories.applications import attach
from tests.factories.people import make_account
from tests.factories.reviews import make_application, make_change

pytestmark = pytest.mark.usefixtures("catalogues")
DRAFT = {"state": "draft", "round": 0, "submitted_at": None}


async def test_changes_stand_beside_what_the_file_holds_and_nothing_is_masked(deps: Deps) -> None:
    filed = {"strengths": "隧道。", "education": None, "email": "old@example.com"}
    application = await make_change(deps, filed=filed, values={"recusal_units": []}, **DRAFT)
    await attach(deps, application.id, "title_proof")
    comparison = await OwnComparisons(deps).read(Actor("demo", "applicant", application.account_id), application.id)
    assert comparison.compared
    changes = {change.code: change for change in comparison.changes}
    assert changes["email"] == FieldComparison(
        "email", "电子邮箱", "changed", ("old@example.com",), ("suhang@example.com",)
    )
    assert (changes["education"].change, changes["education"].former) == ("filled", ())
    assert (changes["recusal_units"].change, changes["recusal_units"].value) == ("emptied", ())
    assert changes["recusal_units"].former[0].startswith("某某建设集团有限公司")
    assert changes["title_proof"].value == ("title_proof.pdf",)
    assert "name" not in changes


async def test_a_first_application_has_nothing_to_be_compared_with(deps: Deps) -> None:
    application = await make_application(deps, **DRAFT)
    comparison = await OwnComparisons(deps).read(Actor("demo", "applicant", application.account_id), application.id)
    assert comparison == OwnComparison(compared=False, changes=())


async def test_nobody_reads_another_persons_changes(deps: Deps) -> None:
    application = await make_change(deps, filed={"email": "old@example.com"}, **DRAFT)
    for pool, account_id in (("demo", (await make_account(deps)).id), ("hunan", application.account_id)):
        with pytest.raises(NotFound):
            await OwnComparisons(deps).read(Actor(pool, "applicant", account_id), application.id)
