"""A database that people have worked with goes on to today's schema, and keeps what it holds."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from tortoise import Tortoise
from tortoise.migrations.api import migrate as run

from domain.clock import SystemClock
from domain.errors import Conflict
from models.helpdesk import Feedback
from models.migrate import check_version, migrate, pending
from models.projects import Project
from models.setup import tortoise_config
from services.base import Deps, Jobs
from services.clear_columns import PHONE, TEXT, seal_clear_columns
from services.crypto import Keyring

_ROWS = """
INSERT INTO account (id, pool, mobile_sealed, mobile_hash, real_name, privacy_version, created_at)
    VALUES (gen_random_uuid(), 'demo', 'sealed', 'hash', '王小明', '1', now());
INSERT INTO expert (id, pool, number, name, name_sort, id_number_sealed, id_number_hash, mobile_sealed, mobile_hash,
    standing, active, permanent_region, willing_regions, region_path, specialties, specialty_path, title_level,
    qualifications, department, recusal_keys, created_at)
    VALUES (gen_random_uuid(), 'demo', 'ZJ1', '欧阳锋', '', 'sealed', 'hash', 'sealed', 'hash', 'formal', TRUE,
    '440106', '{}', '{}', '{}', '{}', '', '{}', '', '{}', now());

INSERT INTO account (id, pool, mobile_sealed, mobile_hash, real_name, privacy_version, created_at)
    VALUES (gen_random_uuid(), 'demo', 'sealed', 'bound', '', '1', now());
UPDATE expert SET account_id = (SELECT id FROM account WHERE mobile_hash = 'bound');
INSERT INTO expert (id, pool, number, name, name_sort, id_number_sealed, id_number_hash, mobile_sealed, mobile_hash,
    standing, active, permanent_region, willing_regions, region_path, specialties, specialty_path, title_level,
    qualifications, department, recusal_keys, created_at, left_at)
    VALUES (gen_random_uuid(), 'demo', 'ZJ2', '黄药师', '', 'sealed', 'gone', 'sealed', 'gone', 'formal', TRUE,
    '440106', '{}', '{}', '{}', '{}', '', '{}', '', '{}', now(), now());
"""


async def _migrate_to(url: str, name: str) -> None:
    try:
        await run(config=tortoise_config(url), target=f"models.{name}")
    finally:
        await Tortoise.close_connections()


_DRAW = """
INSERT INTO organisation (id, pool, name, credit_code, assurance_level, created_at)
    VALUES (gen_random_uuid(), 'demo', '代理', '1', 4, now());
INSERT INTO project (id, pool, organisation_id, agent_id, name, number, category, region, funding_source,
    tender_method, organisation_form, tenderee_category, investment, approval_number, investment_code, tenderee_name,
    tenderee_code, agency_name, agency_code, contact, contact_phone, created_at)
    SELECT gen_random_uuid(), 'demo', o.id, a.id, '', '', '', '440100', '', '', '', '', 1, '', '', '', '', '', '', '',
    '', now() FROM organisation o, account a LIMIT 1;
INSERT INTO draw (id, pool, number, kind, state, project_id, organisation_id, agent_id, name, medium, opening_at,
    opening_place, needed, starts_at, ends_at, on_site, remark, operator_name, operator_phone, operator_id_sealed,
    terminal, previews, created_at, log_head, log_length)
    SELECT gen_random_uuid(), 'demo', 'CQSQ1', 'normal', 'editing', p.id, p.organisation_id, p.agent_id, '', '', now(),
    '', 1, now() + interval '1h', now() + interval '2h', FALSE, '', '', '020-123', '', '', 0, now(), '', 0
    FROM project p;
INSERT INTO draw_supervisor (id, draw_id, name, phone, department, mobile_hash)
    SELECT gen_random_uuid(), id, '李监督', '13900001111', '', 'hash' FROM draw;
"""


def test_phones_of_draws_wait_marked_until_somebody_with_the_key_seals_them(empty_database: str) -> None:
    asyncio.run(_migrate_to(empty_database, "0010_persons"))
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(_ROWS)
        connection.execute(_DRAW)
    asyncio.run(migrate(empty_database))
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT operator_phone_sealed FROM draw").fetchall() == [("clear:020-123",)]
        found = connection.execute("SELECT phone_sealed, entry_id FROM draw_supervisor").fetchall()
        assert found == [("clear:13900001111", None)]


@pytest.fixture
def deps() -> Deps:
    keys = Keyring({"k1": b"d" * 32}, "k1", b"l" * 32, b"s" * 32)
    return Deps(clock=SystemClock(), keys=keys, rulebooks={}, jobs=Jobs(), public_url="")


@pytest.mark.parametrize("landed", ["0003_jobs"])
def test_a_filled_database_of_an_earlier_release_goes_on(empty_database: str, landed: str) -> None:
    asyncio.run(_migrate_to(empty_database, landed))
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(_ROWS)
    assert asyncio.run(migrate(empty_database))
    assert asyncio.run(pending(empty_database)) == []
    with psycopg.connect(empty_database) as connection:
        query = "SELECT real_name, password_initial, id_number_hash, registered_at IS NULL FROM account ORDER BY 1"
        found = connection.execute(query).fetchall()
        assert found == [("欧阳锋", False, "hash", False), ("王小明", False, None, True)]
        assert connection.execute("SELECT number, emergency, active, born_on FROM expert ORDER BY 1").fetchall() == [
            ("ZJ1", False, True, None),
            ("ZJ2", False, False, None),
        ]


_CLEAR = """
INSERT INTO account (id, pool, mobile_sealed, mobile_hash, real_name, privacy_version, created_at)
    VALUES (gen_random_uuid(), 'demo', 'sealed', 'hash', '王小明', '1', now());
INSERT INTO feedback (id, pool, account_id, text, state, answer, created_at)
    SELECT gen_random_uuid(), 'demo', id, '我是王小明，请回电13800001234', 'open', '', now() FROM account;
INSERT INTO organisation (id, pool, name, credit_code, assurance_level, created_at)
    VALUES (gen_random_uuid(), 'demo', '示范代理', '91440101MA59000001', 4, now());
INSERT INTO project (id, pool, organisation_id, agent_id, name, number, category, region, funding_source,
    tender_method, organisation_form, tenderee_category, investment, approval_number, investment_code, tenderee_name,
    tenderee_code, agency_name, agency_code, contact, contact_phone, created_at)
    SELECT gen_random_uuid(), 'demo', o.id, a.id, '大桥', '', '工程', '440100', '财政', '公开', '委托', '国企', 1, '',
    '', '建设', 'x', '', '', '李四', '13900005678', now() FROM organisation o, account a;
INSERT INTO idempotency_key (id, owner, key, fingerprint, status, answer, created_at)
    VALUES (gen_random_uuid(), 'o', 'k', '', 1, '{"ok": "13800001234"}', now());
"""


async def _sealed(url: str, deps: Deps) -> tuple[Feedback, Project]:
    await Tortoise.init(config=tortoise_config(url), _enable_global_fallback=True)
    try:
        assert await seal_clear_columns(deps) == 2
        assert await seal_clear_columns(deps) == 0
        return await Feedback.get(), await Project.get()
    finally:
        await Tortoise.close_connections()


def test_what_staff_and_people_told_in_clear_is_sealed_when_a_filled_database_goes_on(
    empty_database: str, deps: Deps
) -> None:
    asyncio.run(_migrate_to(empty_database, "0010_persons"))
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(_CLEAR)
    asyncio.run(migrate(empty_database))
    feedback, project = asyncio.run(_sealed(empty_database, deps))
    assert deps.keys.read(feedback.text_sealed, TEXT) == "我是王小明，请回电13800001234"
    assert deps.keys.read(project.contact_phone_sealed, PHONE) == "13900005678"
    with psycopg.connect(empty_database) as connection:
        for table in ("feedback", "project", "idempotency_key"):
            stored = str(connection.execute(f"SELECT * FROM {table}").fetchall())
            assert "1380000" not in stored
            assert "1390000" not in stored


def test_a_server_that_is_too_old_is_refused_before_anything_is_touched() -> None:
    check_version(16)
    with pytest.raises(Conflict, match="PostgreSQL 15 版本过低，需要 16"):
        check_version(15)
