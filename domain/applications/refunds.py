"""What may follow for an application whose fee is sent back."""

from __future__ import annotations

from domain.applications.lifecycles import APPLICATION, ApplicationEvent, ApplicationState
from domain.payments.fees import After


def choices_after_refund(state: ApplicationState, *, surplus: bool) -> tuple[After, ...]:
    """What an administrator may choose. Nothing follows from surplus money, nor for an application that has ended.

    While the application still waits for its fee it can't simply go on without one.
    """
    if surplus or not APPLICATION.can(state, ApplicationEvent.TERMINATE):
        return ("keep",)
    return ("again", "end") if state is ApplicationState.FEE else ("keep", "again", "end")
