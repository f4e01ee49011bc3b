"""Collects the faults of a form, so that its person reads all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar, cast

from domain.errors import AppError, InvalidForm

P = ParamSpec("P")
T = TypeVar("T")


class Faults:
    """Faults of fields, in the order of their checks.

    ``check`` or ``part`` for each check, ``raise_any`` at the end. What concerns no field is raised at once.
    """

    def __init__(self) -> None:
        self._faults: list[AppError] = []

    @contextmanager
    def part(self) -> Iterator[None]:
        """A check whose refusal is kept until ``raise_any``."""
        try:
            yield
        except AppError as error:
            self._keep(error)

    def check(self, check: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of ``check``. After a refusal it is None, which nobody sees, since ``raise_any`` follows."""
        try:
            return check(*args, **kwargs)
        except AppError as error:
            self._keep(error)
            return cast(T, None)

    def _keep(self, error: AppError) -> None:
        if not error.field:
            raise error
        self._faults.extend(error.faults)

    def raise_any(self) -> None:
        """Raises the only refusal as it is, several as InvalidForm; a field's first one only."""
        by_field = {fault.field: fault for fault in reversed(self._faults)}
        faults = [fault for fault in self._faults if by_field[fault.field] is fault]
        if len(faults) == 1:
            raise faults[0]
        if faults:
            raise InvalidForm(faults)
