"""Tasks by name, as services defer them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog
from procrastinate import App

from domain.errors import AppError
from jobs.queue import CappedRetry
from services.registry import Services

log = structlog.get_logger(__name__)
LateMessage = Callable[[str, str], Awaitable[None]]
"""Finishes a chat message whose processing was handed over to a job; takes the pool and the sealed message."""


def register(queue: App, services: Services, late_message: LateMessage) -> None:
    """Bind every task name to its service method."""
    retry = CappedRetry()
    _register_office(queue, services, retry)
    _register_outside(queue, services, retry)

    async def advance_draw(draw_id: str) -> None:
        await services.draws.calling.advance(UUID(draw_id))
        await services.operations.scheduler.defer(["deliver"])  # deliver the call now instead of at the next tick

    for name in ("draws.advance", "draws.refill"):
        queue.task(name=name, retry=retry)(advance_draw)

    @queue.task(name="draws.recuse", retry=retry)
    async def recuse_expert(expert_id: str) -> None:
        await services.draws.declared_recusals.recuse(UUID(expert_id))

    @queue.task(name="invitations.notify_unconfirmed", retry=retry)
    async def notify_unconfirmed(invitation_id: str) -> None:
        await services.draws.invitations.notify_unconfirmed(UUID(invitation_id))

    @queue.task(name="virtual_calls.dial")  # no retry: a call whose outcome is unknown is never repeated
    async def dial(call_id: str) -> None:
        await services.draws.virtual_calls.dial(UUID(call_id))

    @queue.task(name="delivery_reports.apply", retry=retry)
    async def apply_delivery_report(report_id: str) -> None:
        try:
            await services.operations.delivery_reports.apply(UUID(report_id))
        except AppError as error:
            log.warning("delivery_report_refused", report_id=report_id, code=error.code)

    @queue.task(name="payments.qr_image")  # no retry: an image that comes minutes later would only confuse
    async def send_payment_qr_image(pool: str, account_id: str, openid: str, fee_id: str) -> None:
        await services.payments.qr_images.send(pool, UUID(account_id), openid, UUID(fee_id))

    @queue.task(name="deadlines.run")  # no retry: the next tick defers another one, and only one may wait
    async def run_deadline(kind: str) -> None:
        await services.operations.scheduler.process(kind)

    @queue.task(name="chat.late", retry=retry)
    async def late(pool: str, message: str) -> None:
        await late_message(pool, message)


def _register_office(queue: App, services: Services, retry: CappedRetry) -> None:
    @queue.task(name="exports.write", retry=retry)
    async def write_export(order: str) -> None:
        await services.office.large_exports.write_file(order)

    @queue.task(name="catalogue.map", retry=retry)
    async def carry_out_mapping(mapping_id: str) -> None:
        await services.office.catalogue_upkeep.carry_out(UUID(mapping_id))

    @queue.task(name="experts.sheet", retry=retry)
    async def work_on_sheet(sheet_id: str) -> None:
        await services.experts.sheets.work(UUID(sheet_id))

    @queue.task(name="office_sheets.work", retry=retry)
    async def work_on_office_sheet(sheet_id: str) -> None:
        await services.office_sheets.sheets.work(UUID(sheet_id))


def _register_outside(queue: App, services: Services, retry: CappedRetry) -> None:
    """Events for platforms and menus of the chat: no person waits for these jobs."""

    @queue.task(name="integrations.post")  # no retry: events stay due, and a later job posts them
    async def post_events(event_ids: str) -> None:
        await services.integrations.events.post_together([UUID(event_id) for event_id in event_ids.split(",")])

    @queue.task(name="wechat.menu", retry=retry)
    async def set_menu(identity_id: str) -> None:
        await services.accounts.role_menus.apply(UUID(identity_id))
