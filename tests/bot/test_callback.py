"""The callback over HTTP: retries, order, late replies, outages."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
from redis.exceptions import TimeoutError as RedisTimeoutError

from bot.dialogue import BUSY
from bot.inbox import Inbox
from bot.pending_replies import LATE_NOTE
from bot.router import Router
from bot.talk import Talk, conversation
from bot.turn import Turn
from domain.errors import OutcomeUnknown, Rejected, Transient
from tests.bot.conftest import message
from tests.bot.stage import Process, process, redis_client, sign_request
from tests.drivers.waiting import let_others_run

NOWHERE = "postgres://nobody@127.0.0.1:1/none"
NO_REDIS = "redis://127.0.0.1:1/0"


class Bench:
    """A handler that counts its runs and waits for a signal."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()
        self.fault: Exception | None = None

    async def count(self, turn: Turn) -> str:
        self.begun.set()
        await self.go.wait()
        if self.fault is not None:
            raise self.fault
        self.runs.append(turn.message.text or turn.message.event)
        return f"第{len(self.runs)}次"


@conversation("加法")
async def adding(talk: Talk) -> None:
    tens = await talk.ask("第一个数？", parse=int)
    units = await talk.ask("第二个数？", parse=int)
    await talk.say("{n}", n=tens * 10 + units)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def counting(bench: Bench) -> Router:
    router = Router()
    router.conversation(adding)
    router.keyword(bench.count, "数", "再数")
    router.menu("COUNT", bench.count)
    router.event("templatesendjobfinish", bench.count)
    router.event("unsubscribe", bench.count)
    return router


@pytest.fixture
async def server(counting: Router, redis: str, database: str) -> AsyncIterator[Process]:
    async with process(counting, redis, database) as stage:
        yield stage


@pytest.fixture
async def other_server(counting: Router, redis: str, database: str) -> AsyncIterator[Process]:
    async with process(counting, redis, database) as stage:
        yield stage


async def test_a_message_is_answered_encrypted(server: Process) -> None:
    assert await server.send(message("数")) == "第1次"


async def test_the_console_is_greeted(server: Process) -> None:
    from tests.bot.stage import CODEC

    query = {"signature": CODEC.sign("1", "2"), "timestamp": "1", "nonce": "2", "echostr": "4375"}
    good = await server.client.get("/wechat/demo", params=query)
    assert (good.status, await good.text()) == (200, "4375")
    assert (await server.client.get("/wechat/demo", params={**query, "nonce": "3"})).status == 403
    assert (await server.client.get("/wechat/elsewhere", params=query)).status == 404


async def test_recorded_bytes_sent_again_a_day_later_do_nothing(server: Process, bench: Bench) -> None:
    query, sent = sign_request(message("数"), "1")
    assert (await server.client.post("/wechat/demo", params=query, data=sent)).status == 200
    server.clock.move(timedelta(days=1))
    await server.redis.flushall()  # ids are not remembered for so long
    replayed = await server.client.post("/wechat/demo", params=query, data=sent)
    assert (replayed.status, await replayed.text()) == (403, "refused\n")
    assert bench.runs == ["数"]


async def test_recorded_bytes_sent_again_within_minutes_do_nothing(server: Process, bench: Bench) -> None:
    """Long after WeChat's last retry, when the reply is no longer kept."""
    query, sent = sign_request(message("数", MsgId=77), "1")
    await server.client.post("/wechat/demo", params=query, data=sent)
    await server.redis.delete(*[key async for key in server.redis.scan_iter("bot:*:m:*")])
    server.clock.move(timedelta(minutes=9))
    replayed = await server.client.post("/wechat/demo", params=query, data=sent)
    assert (replayed.status, await replayed.text()) == (200, "success")
    assert bench.runs == ["数"]
    [mark] = [key async for key in server.redis.scan_iter("bot:*:s:*")]
    assert await server.redis.pttl(mark) > 1_100_000


async def test_a_genuine_message_that_makes_no_sense_is_not_asked_for_again(server: Process, bench: Bench) -> None:
    response = await server.post(message("数", "o" * 65))
    assert (response.status, await response.text()) == (200, "success")
    assert bench.runs == []


async def test_a_control_character_in_a_message_is_dropped(server: Process, bench: Bench) -> None:
    typed = message("数")
    assert await server.send(replace(typed, fields={**typed.fields, "Content": "数\x01"})) == "第1次"
    assert bench.runs == ["数"]


async def test_what_is_not_wechats_is_refused_with_4xx(server: Process) -> None:
    query, sent = sign_request(message("数"), "1")
    for params, data, status in [
        (query, b"", 400),
        (query, b"<xml>", 400),
        ({}, sent, 403),
        ({**query, "nonce": "2"}, sent, 403),
        (query, b"x" * 70_000, 413),
        (query, io.BytesIO(b"x" * 5_000_000), 413),
    ]:
        response = await server.client.post("/wechat/demo", params=params, data=data)
        assert response.status == status
    assert (await server.client.post("/wechat/demo", params=query, data=_endless())).status == 413
    assert (await server.client.post("/wechat/elsewhere", params=query, data=sent)).status == 404


async def _endless() -> AsyncIterator[bytes]:
    for _ in range(100):
        yield b"x" * 1000


async def test_a_retry_gets_the_stored_reply(server: Process, other_server: Process, bench: Bench) -> None:
    sent = message("数")
    assert [await server.send(sent), await other_server.send(sent, nonce="78"), await server.send(sent)] == [
        "第1次"
    ] * 3
    assert bench.runs == ["数"]


async def test_a_retry_joins_the_run_that_still_goes_on(server: Process, other_server: Process, bench: Bench) -> None:
    bench.go.clear()
    sent = message("数")
    deliveries = [asyncio.create_task(stage.send(sent)) for stage in (server, other_server, server)]
    await bench.begun.wait()
    await let_others_run()
    assert not any(delivery.done() for delivery in deliveries)
    bench.go.set()
    assert await asyncio.gather(*deliveries) == ["第1次"] * 3


async def test_the_same_event_twice_runs_once_and_another_of_the_same_second_runs(
    server: Process, bench: Bench
) -> None:
    click = {"MsgType": "event", "Event": "CLICK", "EventKey": "COUNT"}
    assert [await server.send(message(**click)), await server.send(message(**click))] == ["第1次"] * 2
    other = {"MsgType": "event", "Event": "TEMPLATESENDJOBFINISH", "Status": "success"}
    for number in (1, 1, 2):
        assert await server.send(message(**other, MsgID=number)) == "success"
    assert len(bench.runs) == 3


async def test_two_messages_at_once_keep_their_order_over_two_processes(
    server: Process, other_server: Process, bench: Bench
) -> None:
    bench.go.clear()
    first = asyncio.create_task(server.send(message("数")))
    await bench.begun.wait()
    second = asyncio.create_task(other_server.send(message("再数")))
    await let_others_run()
    assert not second.done()
    bench.go.set()
    assert [await first, await second] == ["第1次", "第2次"]
    assert bench.runs == ["数", "再数"]


async def test_a_user_does_not_wait_for_other_users(server: Process, bench: Bench) -> None:
    bench.go.clear()
    slow = asyncio.create_task(server.send(message("数", "oA")))
    assert "没有看懂" in await server.send(message("?", "oB"))
    bench.go.set()
    await slow


async def test_any_process_goes_on_with_a_talk(server: Process, other_server: Process) -> None:
    assert await server.send(message("加法")) == "第一个数？"
    assert await other_server.send(message("4")) == "第二个数？"
    assert await server.send(message("2")) == "42"


async def test_the_journal_is_unreadable_in_redis(server: Process) -> None:
    await server.send(message("加法"))
    await server.send(message("135790"))
    values = [await server.redis.dump(key) for key in await server.redis.keys("*")]
    assert not any(b"135790" in (value or b"") for value in values)


async def test_a_talk_that_expired_in_redis_says_so(server: Process) -> None:
    await server.send(message("加法"))
    await server.redis.delete("bot:{demo:oA}:j")
    assert "“加法”超过 30 分钟" in await server.send(message("4"))
    assert "超过" not in await server.send(message("4"))


async def test_losing_redis_costs_a_question_only(server: Process) -> None:
    await server.send(message("加法"))
    await server.redis.flushall()
    assert "没有办理任何事" in await server.send(message("4"))


async def test_a_damaged_journal_costs_a_question_only(server: Process) -> None:
    await server.send(message("加法"))
    await server.redis.set("bot:{demo:oA}:j", "a256gcm:k1:AAAA")
    assert "没有办理任何事" in await server.send(message("4"))


async def test_a_first_contact_is_written_down_once(server: Process, other_server: Process, database: str) -> None:
    await asyncio.gather(*(stage.send(message("?")) for stage in (server, other_server, server, other_server)))
    connection = await asyncpg.connect(database)
    rows = await connection.fetch("SELECT pool, app, appid, openid, following FROM wechat_identity")
    await connection.close()
    assert [tuple(row) for row in rows] == [("demo", "oa", "wx1", "oA", True)]


async def test_who_leaves_is_not_written_down_and_forgotten_in_redis(server: Process, database: str) -> None:
    await server.send(message("加法"))
    await server.send(message("?", "oB"))
    await server.send(message(MsgType="event", Event="unsubscribe"))
    await server.send(message(None, "oC", MsgType="event", Event="unsubscribe"))
    remaining_keys = {key.decode() for key in await server.redis.keys("*") if b":m:" not in key and b":s:" not in key}
    assert remaining_keys == {"bot:{demo:oB}:w"}
    connection = await asyncpg.connect(database)
    assert {row[0] for row in await connection.fetch("SELECT openid FROM wechat_identity")} == {"oA", "oB"}
    await connection.close()


async def test_a_late_reply_comes_through_the_window_and_only_there(server: Process, bench: Bench) -> None:
    bench.go.clear()
    sent = message("数")
    assert await server.send_in_vain(sent) == "success"
    assert len(server.jobs) == 1
    assert await server.send_in_vain(sent) == "success"  # WeChat did not get our answer
    worker = asyncio.create_task(server.work())
    await let_others_run()
    bench.go.set()
    await worker
    assert server.sender.texts == ["第1次"]
    assert await server.send(sent) == "success"
    await server.engine.finish_late(*await _deferred_again(server, sent))
    assert server.sender.texts == ["第1次"]
    assert bench.runs == ["数"]


async def _deferred_again(stage: Process, sent: object) -> tuple[str, str]:
    """The job row of a message, as a repeated job would see it."""
    return "demo", stage.engine._seal_message(sent)  # type: ignore[arg-type]  # a Message


async def test_a_reply_in_time_is_not_sent_again_by_a_job(server: Process, bench: Bench) -> None:
    sent = message("数")
    await server.send(sent)
    await server.engine.finish_late(*await _deferred_again(server, sent))
    assert server.sender.texts == []
    assert bench.runs == ["数"]


async def test_the_job_runs_a_message_whose_process_died(server: Process, bench: Bench) -> None:
    sent = message("数")
    await server.engine.finish_late(*await _deferred_again(server, sent))
    assert server.sender.texts == ["第1次"]
    assert bench.runs == ["数"]
    assert await server.send(sent) == "success"
    assert bench.runs == ["数"]


async def test_a_late_talk_goes_on(server: Process) -> None:
    gate = asyncio.Event()

    @conversation("慢")
    async def slow(talk: Talk) -> None:
        await gate.wait()
        number = await talk.ask("几？", parse=int)
        await talk.say("{n}", n=number)

    server.engine._parts.dialogue._router.conversation(slow)
    assert await server.send_in_vain(message("慢")) == "success"
    gate.set()
    await server.work()
    assert server.sender.texts == ["几？"]
    assert await server.send(message("7")) == "7"


async def test_a_refused_delivery_is_given_up_and_a_transient_one_repeated(server: Process, bench: Bench) -> None:
    for text, fault, sent_later in [
        ("数", Transient("slow"), ["第1次"]),
        ("再数", Rejected("45015"), []),
        ("数", OutcomeUnknown("?"), []),
    ]:
        server.sender.texts.clear()
        bench.go.clear()
        assert await server.send_in_vain(message(text)) == "success"
        bench.go.set()
        server.sender.fault = fault
        if isinstance(fault, Transient):
            with pytest.raises(Transient):
                await server.work()
        else:
            await server.work()
        server.sender.fault = None
        await server.work()
        assert server.sender.texts == sent_later


async def test_a_reply_without_a_window_waits_until_the_person_writes_again(server: Process, bench: Bench) -> None:
    await _miss(server, bench, "数")
    assert (server.sender.texts, server.nudged) == ([], ["oA"])
    assert await server.send(message(None, MsgType="event", Event="VIEW", EventKey="https://x.example")) == "success"
    assert await server.send(message("数", "oB")) == "第2次", "nobody else reads it"
    assert await server.send(message("数")) == f"{LATE_NOTE}\n\n第1次\n\n第3次"
    assert await server.send(message("数")) == "第4次", "it is told once"


async def test_several_wait_together_in_their_order_and_none_for_ever(server: Process, bench: Bench) -> None:
    for _ in range(3):
        await _miss(server, bench, "数")
    assert (await server.send(message("数"))).split("\n\n") == [LATE_NOTE, "第1次", "第2次", "第3次", "第4次"]
    await _miss(server, bench, "数")
    [key] = await server.redis.keys("bot:*:l")
    assert 6 * 86_400 < await server.redis.ttl(key) <= 7 * 86_400


async def test_who_leaves_takes_what_waited_along(server: Process, bench: Bench) -> None:
    await _miss(server, bench, "数")
    await server.send(message(None, MsgType="event", Event="unsubscribe"))
    assert await server.redis.keys("bot:*:l") == []


async def test_a_nudge_that_fails_is_tried_again_and_the_reply_said_once(server: Process, bench: Bench) -> None:
    server.nudge_fault = ConnectionRefusedError()
    with pytest.raises(Transient):
        await _miss(server, bench, "数")
    server.nudge_fault = None
    await server.work()
    assert server.nudged == ["oA"]
    assert await server.send(message("数")) == f"{LATE_NOTE}\n\n第1次\n\n第2次"


async def test_a_late_reply_whose_window_cannot_be_looked_up_is_sent_by_the_next_try(
    server: Process, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.go.clear()
    assert await server.send_in_vain(message("数")) == "success"
    bench.go.set()

    async def time_out(*_arguments: object, **_named: object) -> None:
        raise RedisTimeoutError

    with monkeypatch.context() as patch:
        patch.setattr(server.engine._parts.windows, "_spend", time_out)
        with pytest.raises(Transient):
            await server.work()
    await server.work()
    assert server.sender.texts == ["第1次"]


async def test_what_no_key_opens_any_more_is_dropped(server: Process) -> None:
    await server.redis.rpush("bot:{demo:oA}:l", "a256gcm:gone:AAAA")
    assert await server.send(message("数")) == "第1次"
    assert await server.redis.keys("bot:*:l") == []


async def _miss(stage: Process, bench: Bench, text: str) -> None:
    """Send a message whose reply comes after every window has closed."""
    bench.go.clear()
    assert await stage.send_in_vain(message(text)) == "success"
    while await stage.engine._parts.windows.spend("demo", "oA"):
        pass
    bench.go.set()
    await stage.work()


async def test_a_hand_over_that_cannot_be_committed_says_busy(server: Process, bench: Bench) -> None:
    bench.go.clear()
    server.late_fault = ConnectionRefusedError()
    sent = message("数")
    assert await server.send_in_vain(sent) == BUSY
    bench.go.set()
    assert await server.send(sent) == BUSY
    assert server.sender.texts == []


async def test_a_tap_opens_a_minute_and_a_message_two_days(server: Process) -> None:
    windows = server.engine._parts.windows
    await server.send(message(MsgType="event", Event="CLICK", EventKey="COUNT"))
    assert await windows.spend("demo", "oA")
    server.clock.move(timedelta(minutes=1))
    assert not await windows.spend("demo", "oA"), "of three that a tap allows, two are lost"
    await server.send(message(MsgType="event", Event="CLICK", EventKey="COUNT", at=server.clock.now()))
    await server.send(message("数", at=server.clock.now()))
    assert [await windows.spend("demo", "oA") for _ in range(9)] == [True] * 8 + [False]
    assert not await windows.spend("demo", "oNobody")
    await server.send(message("数", at=server.clock.now()))
    server.clock.move(timedelta(hours=48, seconds=-1))
    assert await windows.spend("demo", "oA")
    server.clock.move(timedelta(seconds=1))
    assert not await windows.spend("demo", "oA")


async def test_without_redis_a_person_is_asked_to_repeat(counting: Router, database: str, bench: Bench) -> None:
    async with process(counting, NO_REDIS, database) as stage:
        assert await stage.send(message("数")) == BUSY
        assert bench.runs == []


async def test_without_redis_an_event_that_wechat_does_not_repeat_becomes_a_job(
    counting: Router, database: str
) -> None:
    async with process(counting, NO_REDIS, database) as stage:
        assert await stage.send(message(MsgType="event", Event="TEMPLATESENDJOBFINISH", MsgID=1)) == "success"
        assert len(stage.jobs) == 1
        with pytest.raises(Transient):
            await stage.work()


async def test_without_postgres_a_talk_stays_where_it_was(counting: Router, redis: str, database: str) -> None:
    async with process(counting, redis, database) as well, process(counting, redis, NOWHERE) as ill:
        await well.send(message("加法"))
        assert await ill.send(message("4")) == BUSY
        assert await well.send(message("4")) == "第二个数？"


async def test_without_postgres_an_event_is_parked_until_it_is_back(
    counting: Router, redis: str, database: str, bench: Bench
) -> None:
    async with process(counting, redis, NOWHERE) as ill:
        assert await ill.send(message(MsgType="event", Event="unsubscribe")) == "success"
        ill.late_fault = ConnectionRefusedError()
        with pytest.raises(ConnectionRefusedError):
            await ill.engine.resume_parked()
    async with process(counting, redis, database) as well:
        assert await well.engine.resume_parked() == 1
        assert await well.engine.resume_parked() == 0
        await well.work()
    assert bench.runs == ["unsubscribe"]


async def test_a_process_that_died_in_mid_run_delays_a_user_only_until_its_lease_ends(
    server: Process, bench: Bench, redis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The retry takes over once the lease is out, and the next message follows it."""
    monkeypatch.setattr("bot.inbox.LEASE_TTL", 0.5)
    monkeypatch.setattr("bot.engine.LEASE_TTL", 0.5)
    server.engine._timeout = 0.05
    await Inbox(redis_client(redis)).claim(message("数", MsgId=1), "dying")
    answers = await asyncio.gather(server.send(message("数", MsgId=1)), server.send(message("再数", MsgId=2)))
    assert answers == ["success", "success"]  # both waited for the lease, longer than WeChat does
    await server.work()
    assert server.sender.texts == ["第1次", "第2次"]
    assert bench.runs == ["数", "再数"]


async def test_a_run_that_lost_its_claim_writes_nothing(server: Process, other_server: Process) -> None:
    inbox, sent = Inbox(server.redis), message("加法")
    assert (await inbox.claim(sent, "slow")).status == "run"
    await server.redis.hset("bot:{demo:oA}:m:" + sent.key, "lease", "1")  # type: ignore[misc]  # typed as sync or async
    assert await other_server.send(sent) == "第一个数？"
    from bot.inbox import CLOSE

    assert not await inbox.finish(sent, "slow", "stale", CLOSE)
    await inbox.close()
    assert await other_server.send(message("4")) == "第二个数？"


async def test_many_messages_of_many_users_at_once_are_each_run_once(
    server: Process, other_server: Process, bench: Bench
) -> None:
    """Every message is delivered three times, to both processes, all at once."""
    sent = [message("数", f"o{number % 7}") for number in range(40)]
    answers = await asyncio.gather(*(stage.send(item) for item in sent for stage in (server, other_server, server)))
    assert len(bench.runs) == 40
    for number in range(40):
        assert len(set(answers[number * 3 : number * 3 + 3])) == 1
