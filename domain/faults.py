"""Collects the faults of a form, so that its person reads all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar, cast

from domain.errors import AppError, InvalidForm, InvalidInput

P = ParamSpec("P")
T = TypeVar("T")


def check_given(value: T | None, field: str, label: str) -> T:
    """The value of a field that must be filled in. Raises InvalidInput."""
    if value is None:
        raise InvalidInput(f"请填写{label}。", code="missing", field=field)
    return value


class Faults:
    """Faults of fields, in the order of their checks.

    ``check``, ``part`` or ``add`` for each check, ``raise_any`` at the end. What concerns no field is raised at once.
    """

    def __init__(self) -> None:
        self._faults: list[AppError] = []

    @contextmanager
    def part(self, field: str = "", where: str = "") -> Iterator[None]:
        """A check whose refusal is kept until ``raise_any``; ``field`` is that of a refusal that names none, ``where``
        stands before its words."""
        try:
            yield
        except AppError as error:
            error.field = error.field or field or None
            for fault in error.faults:
                fault.message = f"{where}{fault.message}"
                fault.args = (fault.message,)
            self.add(error)

    def check(self, check: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of ``check``. After a refusal it is None, which is never used, since ``raise_any`` follows."""
        try:
            return check(*args, **kwargs)
        except AppError as error:
            self.add(error)
            return cast(T, None)

    def add(self, error: AppError) -> None:
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
