"""Logs contain events and no personal data."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from config.logging import REDACTED, bind_request, configure_logging, redact, release_request
from config.outage_reports import Outage


@pytest.fixture
def own_logging() -> Iterator[None]:
    """Logging as it was before, also that of the loggers with a level of their own: other tests read them."""
    root, known = logging.getLogger(), logging.Logger.manager.loggerDict
    handlers = root.handlers[:]
    levels = {logger: logger.level for logger in (root, *known.values()) if isinstance(logger, logging.Logger)}
    yield
    root.handlers[:] = handlers
    for logger, level in levels.items():
        logger.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture
def lines(own_logging: None) -> io.StringIO:
    stream = io.StringIO()
    configure_logging(json=True, level="info", stream=stream)
    return stream


def _read(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_event_level_time_and_request(lines: io.StringIO) -> None:
    bind_request("r-1")
    structlog.get_logger("services.draws").info("draw_started", draw=7, conditions=2)
    release_request()
    structlog.get_logger("services.draws").info("draw_ended")
    first, second = _read(lines)
    assert (first["event"], first["level"], first["logger"]) == ("draw_started", "info", "services.draws")
    assert (first["draw"], first["conditions"], first["request_id"]) == (7, 2, "r-1")
    assert str(first["timestamp"]).endswith("Z")
    assert "request_id" not in second


def test_the_standard_library_speaks_through_the_same_chain(lines: io.StringIO) -> None:
    logging.getLogger("some.library").warning("slow answer", extra={"mobile": "13800138000", "took": 3})
    (line,) = _read(lines)
    assert (line["event"], line["mobile"], line["took"]) == ("slow answer", REDACTED, 3)


def test_below_the_level_nothing_is_written(lines: io.StringIO) -> None:
    structlog.get_logger("x").debug("detail")
    logging.getLogger("y").debug("detail")
    assert lines.getvalue() == ""


@pytest.mark.parametrize(
    "field",
    [
        *("mobile", "Mobile", "agent_mobile", "id_number", "idnumber", "token", "access_token", "Authorization"),
        *("password", "client_secret", "cookie", "openid", "bank_account", "session_key", "phone", "verification_code"),
    ],
)
def test_a_secret_field_is_never_printed(field: str) -> None:
    assert redact(None, "info", {"event": "e", field: "abc"})[field] == REDACTED
    assert redact(None, "info", {"event": "e", "body": {"rows": [{field: "abc"}]}})["body"] == {
        "rows": [{field: REDACTED}]
    }


@pytest.mark.parametrize(
    "text",
    ["call 13912345678 failed", "Key (id_hash)=(440106199001011234) exists", "+86 13912345678", "11010519491231002X"],
)
def test_personal_numbers_inside_texts_are_taken_out(text: str) -> None:
    printed = str(redact(None, "info", {"event": text})["event"])
    assert REDACTED in printed
    assert "139123" not in printed
    assert "19900101" not in printed
    assert "19491231" not in printed


def test_numbers_that_are_no_personal_data_stay() -> None:
    event = {"event": "e", "draw": "CQSQ2026112100001", "took_ms": 1795261814123, "trace": "a13912345678b", "n": 5}
    assert redact(None, "info", dict(event)) == event


def test_a_mobile_number_as_a_number_is_taken_out_too() -> None:
    assert redact(None, "info", {"event": "e", "callee": 13912345678})["callee"] == REDACTED


def test_a_traceback_loses_its_personal_values(lines: io.StringIO) -> None:
    try:
        raise ValueError("duplicate mobile 13912345678")
    except ValueError:
        structlog.get_logger("x").exception("import_failed")
    (line,) = _read(lines)
    assert "ValueError" in str(line["exception"])
    assert "13912345678" not in lines.getvalue()


def test_a_row_that_the_database_refused_is_not_printed() -> None:
    text = (
        'IntegrityError: new row for relation "account" violates check constraint "account_registered"\n'
        "DETAIL:  Failing row contains (01a1, demo, 王小明 (借调), 解放路一号\n二楼, null).\nat the end"
    )
    printed = str(redact(None, "error", {"event": "page_failed", "exception": text})["exception"])
    assert "account_registered" in printed
    assert printed.endswith("at the end")
    assert not [word for word in ("王小明", "二楼") if word in printed]


@pytest.mark.usefixtures("own_logging")
def test_a_human_reads_plain_lines() -> None:
    stream = io.StringIO()
    configure_logging(json=False, level="info", stream=stream)
    structlog.get_logger("x").info("served", address="http://127.0.0.1:8080")
    assert "served" in stream.getvalue()
    assert "http://127.0.0.1:8080" in stream.getvalue()


def test_an_outage_is_logged_once_down_and_once_back(lines: io.StringIO) -> None:
    redis = Outage("redis")
    redis.mark_up()
    for _ in range(3):
        redis.mark_down("connection refused")
    redis.mark_up()
    redis.mark_up()
    assert [(line["event"], line["part"]) for line in _read(lines)] == [("part_down", "redis"), ("part_back", "redis")]
