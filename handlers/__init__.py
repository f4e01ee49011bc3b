"""Conversations of the official account, one file per subject, each readable from top to bottom."""

from bot.router import Router
from handlers import (
    applications,
    availability,
    binding,
    certificates,
    chances,
    check_in,
    commands,
    complaints,
    courses,
    draws,
    exams,
    helpdesk,
    invitations,
    late_arrivals,
    leave,
    materials,
    media,
    newer_questions,
    notices,
    panels,
    payment,
    recusal,
    registration,
    remuneration,
    reports,
    status,
    time_changes,
    understanding,
    wechat_reports,
    welcome,
    work,
)

__all__ = ["register_all"]


def register_all(router: Router) -> None:
    """Register every subject. Handlers of free text are asked in this order, so the most specific stand first.

    Raises ValueError when a word that we offer to tap has no handler.
    """
    for subject in (
        binding,
        work,
        draws,
        registration,
        status,
        chances,
        applications,
        availability,
        leave,
        late_arrivals,
        time_changes,
        invitations,
        panels,
        payment,
        remuneration,
        exams,
        courses,
        check_in,
        recusal,
        reports,
        wechat_reports,
        media,
        materials,
        certificates,
        notices,
        complaints,
        helpdesk,
        welcome,
        understanding,
        newer_questions,
    ):
        subject.register(router)
    commands.register(router)
