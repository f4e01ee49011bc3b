"""A lane that does not look for jobs stands still, unless its jobs take all places."""

from __future__ import annotations

import asyncio

from app.hang_watch import HANG_TIMEOUT, HangWatch
from app.heart import LaneHeart, Pulse

LOOP, LONGEST = "jobs-calls", 15.0


def make_lane(places: int) -> tuple[LaneHeart, Pulse, HangWatch]:
    watch = HangWatch([LOOP])
    pulse = Pulse({LOOP: LONGEST}, watch)
    return LaneHeart(LOOP, pulse, places), pulse, watch


def let_time_pass(pulse: Pulse) -> None:
    pulse.hearts[LOOP].at -= LONGEST + 1


async def test_a_lane_stands_still_that_looked_for_no_job_lately() -> None:
    lane, pulse, watch = make_lane(2)
    lane.note_job_search()
    assert pulse.find_stopped_loops() == []
    let_time_pass(pulse)
    assert pulse.find_stopped_loops() == [LOOP]
    assert watch.find_hanging(HANG_TIMEOUT) == LOOP
    lane.note_job_search()
    assert pulse.find_stopped_loops() == []


async def test_a_full_lane_rests_until_a_place_is_free() -> None:
    lane, pulse, watch = make_lane(2)
    lane.note_job_search()
    over = asyncio.Event()
    jobs = [asyncio.create_task(lane.run_job(over.wait, None, None))]
    await asyncio.sleep(0)
    let_time_pass(pulse)
    assert pulse.find_stopped_loops() == [LOOP], "with a free place it looks for a job"
    jobs.append(asyncio.create_task(lane.run_job(over.wait, None, None)))
    await asyncio.sleep(0)
    assert pulse.find_stopped_loops() == []
    assert watch.find_hanging(10 * HANG_TIMEOUT) == ""
    over.set()
    await asyncio.gather(*jobs)
    assert pulse.find_stopped_loops() == []
    let_time_pass(pulse)
    assert pulse.find_stopped_loops() == [LOOP]
    assert watch.find_hanging(HANG_TIMEOUT) == LOOP


async def test_a_round_that_failed_does_not_hang_and_is_no_success() -> None:
    _, pulse, watch = make_lane(1)
    watch.find_hanging(HANG_TIMEOUT - 1)
    pulse.note_failure(LOOP)
    assert watch.find_hanging(1) == ""
    assert pulse.find_stopped_loops() == [LOOP]
