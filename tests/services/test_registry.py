"""All services are composed at start, each once, or the start fails with a sentence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import pytest

from app.assembly import bind, make_services
from domain.clock import SystemClock
from services.core.base import Deps
from services.core.composition import CompositionError, compose
from services.inspection.checker import FileChecker
from services.operations import scheduler
from services.registry import Services
from tests.factories.assembly import make_ports


@pytest.fixture
def services(deps: Deps) -> Services:
    return make_services(deps, make_ports(deps))


def test_each_type_is_built_once(services: Services) -> None:
    objects: dict[type, set[int]] = defaultdict(set)
    for part in parts_of(services):
        objects[type(part)].add(id(part))
    assert len(objects) > 200
    assert [kind.__name__ for kind, ids in objects.items() if len(ids) > 1] == []


def test_the_owners_of_fees_are_the_services_that_edges_call(services: Services) -> None:
    assert services.payments.webhooks.entry is services.entry.stages
    assert services.payments.webhooks.courses is services.courses.completion.fees


def test_abandoned_files_are_aged_by_the_wall_clock(services: Services) -> None:
    """The store stamps files with real time, which the clock of the sandbox leaves behind."""
    assert isinstance(services.files.garbage_collector.wall, SystemClock)


def test_a_kind_of_due_task_is_defined_once(services: Services) -> None:
    kinds = Counter(task.kind for task in services.operations.scheduler.packages.due_tasks)
    assert [kind for kind, count in kinds.items() if count > 1] == []
    assert kinds.keys().isdisjoint({*scheduler._DUE, *scheduler.PERIODIC, "unseal"}), "the scheduler's own"


def test_what_is_missing_is_named(deps: Deps) -> None:
    values = bind(deps, make_ports(deps))
    del values[FileChecker]
    with pytest.raises(CompositionError, match=r"\w+\.checker needs FileChecker, to which nothing is bound\."):
        compose(Services, values)


def parts_of(whole: object, known: set[int] | None = None) -> Iterator[object]:
    """The services and facades below ``whole``, each once; not what they make for themselves."""
    known = set() if known is None else known
    for part in (getattr(whole, field.name) for field in fields(whole) if field.init) if is_dataclass(whole) else ():
        if type(part).__module__.startswith("services.") and not isinstance(part, Deps) and id(part) not in known:
            known.add(id(part))
            yield part
            yield from parts_of(part, known)
