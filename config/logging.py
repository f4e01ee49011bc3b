"""Structured logs: a constant event name and fields, as JSON or human-readable, never with personal data or secrets.

Everything goes to standard error; the standard library's logging runs through the same chain. A request's id, bound
with ``bind_request``, stands in every line that the request causes. Lines about an outage: ``outage_reports``.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor

from config.outage_reports import OutageFilter

REDACTED = "[redacted]"

_SECRET_KEYS = re.compile(
    r"mobile|phone|id_?number|id_?card|token|authorization|secret|password|cookie|bank|openid|unionid|session_?key"
    r"|aes_?key|signature|verification_code|real_?name|salt",
    re.IGNORECASE,
)
"""A field whose name contains one of these is never printed."""

_PERSONAL_TEXT = re.compile(r"(?<![0-9A-Fa-f])(?:[1-9]\d{16}[\dXx]|(?:\+?86[- ]?)?1[3-9]\d{9})(?![0-9A-Fa-f])")
"""Citizens' numbers (18 places) and mobile numbers (11 places) inside texts, tracebacks above all."""

_ROW = re.compile(r"(Failing row contains) \(.*?\)\.(?=\n|$)", re.DOTALL)
"""PostgreSQL's detail of a constraint violation: the whole row, including names and texts of people."""

_NOISY = {
    "aiohttp.access": logging.WARNING,
    "asyncio": logging.WARNING,
    "procrastinate": logging.WARNING,
    "tortoise": logging.WARNING,
}


def configure_logging(*, json: bool, level: str, stream: TextIO | None = None) -> None:
    """Set up logging for this process; ``level`` is debug, info, warning or error."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(shared, json=json))
    handler.addFilter(OutageFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name, least in _NOISY.items():
        logging.getLogger(name).setLevel(max(number, least))
    logging.captureWarnings(True)


def _formatter(shared: list[Processor], *, json: bool) -> logging.Formatter:
    last: Processor
    if json:
        last = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    else:
        last = structlog.dev.ConsoleRenderer(colors=False)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact,
            last,
        ],
    )


def redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Replace values of secret fields, at any depth, and personal numbers inside texts."""
    for key, value in event.items():
        event[key] = _redact_value(key, value)
    return event


def _redact_value(key: str, value: object) -> object:
    if _SECRET_KEYS.search(key):
        return REDACTED
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, Mapping):
        return {name: _redact_value(str(name), inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redact_value("", inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return _clean_number(value)
    return _clean_text(str(value))


def _clean_text(text: str) -> str:
    return _PERSONAL_TEXT.sub(REDACTED, _ROW.sub(rf"\1 {REDACTED}", text))


def _clean_number(value: object) -> object:
    return REDACTED if isinstance(value, int) and _PERSONAL_TEXT.fullmatch(str(value)) else value


def bind_request(request_id: str) -> None:
    """Put ``request_id`` into every log line of this task until ``release_request``."""
    structlog.contextvars.bind_contextvars(request_id=request_id)


def release_request() -> None:
    structlog.contextvars.clear_contextvars()
