"""What may follow for an application whose fee is refunded."""

from __future__ import annotations

from domain.applications.lifecycles import APPLICATION, ApplicationEvent, ApplicationState
from domain.payments.fees import After


def choices_after_refund(state: ApplicationState, *, surplus: bool) -> tuple[After, ...]:
    """The consequences among which an administrator chooses. A refund of surplus has none, nor has one for an
    application that has ended.

    While the application still waits for its fee it can't simply go on without one.
    """
    if surplus or not APPLICATION.can(state, ApplicationEvent.TERMINATE):
        return ("keep",)
    return ("again", "end") if state is ApplicationState.FEE else ("keep", "again", "end")
