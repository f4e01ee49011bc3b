"""Every address at which another system, or a browser that it sends back, reports something; and why a recorded copy
of such a report counts for nothing. A new address fails here until it stands in the table.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.web.conftest import World

ROOT = Path(__file__).parents[2]
_SENT_BACK = re.compile(r"/(back|callback)(/|$)")
GUARDS: Mapping[str, tuple[str, Sequence[str]]] = {
    "/wechat/{pool}": (
        "the signed time, and ids of messages that are remembered longer",
        (
            "test_recorded_bytes_sent_again_a_day_later_do_nothing",
            "test_recorded_bytes_sent_again_within_minutes_do_nothing",
        ),
    ),
    "/receipts/{token}/sms": (
        "ids of both sides, of an attempt that is still open",
        ("test_an_sms_report_closes_the_attempt_and_a_failed_one_lets_the_ladder_go_on",),
    ),
    "/receipts/{token}/voice": (
        "the same; keys that decide are asked after, and answer one invitation",
        (
            "test_keys_pressed_twice_are_an_answer_and_a_report_repeated_changes_nothing",
            "test_reports_in_any_order_and_twice_end_the_same",
        ),
    ),
    "/receipts/{token}/call": (
        "the number of the prompt that it follows: an event of another one gets the newest prompt again, and acts once",
        (
            "test_a_repeated_event_gets_the_same_answer_and_acts_once",
            "test_a_key_that_comes_twice_confirms_nothing",
            "test_an_event_after_the_longest_call_ends_it",
        ),
    ),
    "/callbacks/pay/{pool}": (
        "the signed time, and the payment's own number",
        (
            "test_a_notification_from_another_time_is_refused",
            "test_the_same_one_again_is_answered_well_and_counts_once",
        ),
    ),
    "/h5/identity/callback": ("the state of this browser, once", ("test_an_answer_serves_once",)),
    "/h5/wechat/back": (
        "the state of this browser; WeChat's code serves once",
        ("test_a_snapshot_a_wrong_state_and_wechat_being_away_lead_to_the_log_in",),
    ),
    "/h5/wechat/bind/back": ("the state of this log-in, once", ("test_an_answer_serves_once_and_five_minutes",)),
    "/h5/pay-wechat/back": (
        "WeChat's code serves once; it only remembers who would pay here",
        ("test_the_answer_of_wechat_is_taken_once_and_in_the_browser_that_asked",),
    ),
    "/v/back/{token}": (
        "WeChat's code serves once, in the browser that scanned",
        ("test_a_wechat_code_serves_once", "test_the_way_back_from_wechat_opens_in_the_browser_that_scanned_only"),
    ),
}
"""By address: what guards it, and the tests that play the copy."""
SANDBOX_ONLY = "/sandbox/clock"


async def test_every_callback_has_a_guard_against_copies(world: World) -> None:
    resources = [route.resource for route in world.server.app.router.routes() if route.method == "GET"]
    ways_back = {resource.canonical for resource in resources if resource and _SENT_BACK.search(resource.canonical)}
    assert ways_back | set(_posts()) - {SANDBOX_ONLY} == set(GUARDS)


def test_the_copies_are_played() -> None:
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for _, names in GUARDS.values() for name in names if f"def {name}(" not in tests] == []


def _posts() -> Iterator[str]:
    """Addresses that take a POST beside the forms of pages and the API: those of other systems."""
    for folder in ("app", "bot", "web", "miniapp_api"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(func=ast.Attribute(value=ast.Name(id="web"), attr="post"), args=[address, *_]):
                        yield _plain(address)
                    case ast.Call(func=ast.Attribute(attr="add_post"), args=[ast.Constant(value=str(text)), *_]):
                        yield text


def _plain(address: ast.expr) -> str:
    """Without the pattern of a parameter; one in a variable is the official account's."""
    match address:
        case ast.Constant(value=str(text)):
            return re.sub(r"\{(\w+):.*\}", r"{\1}", text)
        case _:
            return "/wechat/{pool}"
