"""An action with a key is done once, also if it is repeated, concurrent, or retried after a crash."""

from __future__ import annotations

import ast
import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from domain import errors
from domain.errors import AppError, Conflict, InvalidForm, InvalidInput, RuleViolation, TooMany
from domain.ids import new_id
from models.accounts import IdempotencyKey
from models.draws import DrawNumber
from services.core.base import Deps
from services.core.crypto import SealBroken
from services.core.idempotency import once

pytestmark = pytest.mark.usefixtures("db")
SERVICES = Path(__file__).parents[3] / "services"
NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Part:
    at: datetime


@dataclass(frozen=True)
class Action:
    id: UUID
    parts: tuple[Part, ...]
    note: str | None


def _action(result: Action | AppError, *, fail: AppError | None = None) -> Callable[[], Awaitable[Action | AppError]]:
    """An action that inserts a row each time."""

    async def run() -> Action | AppError:
        await DrawNumber.create(pool="demo", prefix="X", day=new_id().hex[-8:])
        if fail is not None:
            raise fail
        return result

    return run


ACTION = Action(new_id(), (Part(NOW), Part(NOW)), None)


class Once:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def __call__(
        self, run: Callable[[], Awaitable[Action | AppError]], key: str | None = "k", request: str = ""
    ) -> Action:
        return await once(owner="test", key=key, deps=self._deps, answer=Action, run=run, request=request)


@pytest.fixture
def do(deps: Deps) -> Once:
    return Once(deps)


async def test_a_repeat_gets_the_same_answer_down_to_types(do: Once) -> None:
    assert await do(_action(ACTION)) == ACTION
    other = Action(new_id(), (), "other")
    assert await do(_action(other)) == ACTION
    assert await DrawNumber.all().count() == 1


async def test_without_a_key_everything_is_done_and_nothing_kept(do: Once) -> None:
    await do(_action(ACTION), key=None)
    await do(_action(ACTION), key=None)
    assert await DrawNumber.all().count() == 2
    assert not await IdempotencyKey.exists()


async def test_an_error_that_is_raised_undoes_all_and_may_be_tried_again(do: Once) -> None:
    with pytest.raises(Conflict):
        await do(_action(ACTION, fail=Conflict("不行。")))
    assert not await DrawNumber.exists()
    assert await do(_action(ACTION)) == ACTION


@pytest.mark.parametrize(
    "refusal",
    [
        InvalidInput("不对。", code="wrong", field="code", params={"left": 2}),
        TooMany("太多。", retry_after=77, code="locked"),
        RuleViolation("不许。", rule="draw.x", source="手册 L1", field="a.b"),
    ],
)
async def test_a_refusal_that_is_returned_keeps_what_was_written_and_is_the_answer_again(
    do: Once, refusal: AppError
) -> None:
    for _ in range(2):
        with pytest.raises(type(refusal)) as caught:
            await do(_action(refusal))
        assert vars(caught.value) == vars(refusal)
    assert await DrawNumber.all().count() == 1


async def test_the_same_key_for_another_request_is_refused(do: Once) -> None:
    await do(_action(ACTION), request="a")
    with pytest.raises(Conflict, match="另一项操作"):
        await do(_action(ACTION), request="b")


async def test_of_many_at_once_one_is_carried_out(do: Once) -> None:
    results = await asyncio.gather(*(do(_action(Action(new_id(), (), None))) for _ in range(6)))
    assert len(set(results)) == 1
    assert await DrawNumber.all().count() == 1


async def test_without_the_claim_many_at_once_would_all_be_carried_out(do: Once) -> None:
    """The control of the test above: the same run without a key."""
    await asyncio.gather(*(do(_action(ACTION), key=None) for _ in range(6)))
    assert await DrawNumber.all().count() == 6


async def test_an_endless_key_is_refused(do: Once) -> None:
    with pytest.raises(InvalidInput, match="120"):
        await do(_action(ACTION), key="k" * 121)


async def test_who_reads_the_table_reads_no_answer_and_moves_none_to_another_request(do: Once) -> None:
    told = Action(new_id(), (), "13800001234")
    await do(_action(told), key="mine", request="a")
    await do(_action(ACTION), key="yours", request="b")
    mine, yours = [await IdempotencyKey.get(key=key) for key in ("mine", "yours")]
    assert "13800001234" not in str(dict(mine))
    await IdempotencyKey.filter(key="yours").update(answer_sealed=mine.answer_sealed)
    with pytest.raises(SealBroken):
        await do(_action(ACTION), key="yours", request="b")
    assert yours.fingerprint != hashlib.sha256(b"b").hexdigest(), "a bare hash could be guessed"


def test_a_method_that_takes_a_key_uses_it() -> None:
    """Else it seems to be done once, and is not."""
    unused = [
        f"{path.relative_to(SERVICES)}:{method.lineno} {method.name}"
        for path in SERVICES.rglob("*.py")
        for method in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(method, ast.AsyncFunctionDef)
        and any(argument.arg == "key" for argument in method.args.kwonlyargs)
        and not any(isinstance(node, ast.Name) and node.id == "key" for part in method.body for node in ast.walk(part))
    ]
    assert unused == []


def _refusals() -> list[AppError]:
    """One of each class."""
    own: dict[type[AppError], AppError] = {
        TooMany: TooMany("稍后再试", retry_after=7),
        RuleViolation: RuleViolation("不符合规定", rule="draw.needed", source="手册 L1", field="needed"),
        InvalidForm: InvalidForm(
            [InvalidInput("请填写名称", field="name"), Conflict("已占用", code="held", field="lots.0")]
        ),
    }
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AppError)]
    return [own.get(kind) or kind("不行", code="no", field="x", params={"a": 1}) for kind in kinds]


@pytest.mark.parametrize("refusal", _refusals(), ids=lambda refusal: type(refusal).__name__)
async def test_each_refusal_is_repeated_with_its_class_and_all_its_faults(deps: Deps, refusal: AppError) -> None:
    async def run() -> int | AppError:
        return refusal

    shown = []
    for _ in range(2):
        with pytest.raises(type(refusal)) as raised:
            await once(owner="refused", key="k", deps=deps, answer=int, run=run)
        faults = [(fault.message, fault.code, fault.field, type(fault)) for fault in raised.value.faults]
        shown.append((raised.value.status, raised.value.code, raised.value.params, faults))
    assert shown[0] == shown[1]
