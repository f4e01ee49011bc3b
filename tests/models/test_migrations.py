"""From an empty database to today's schema; what was committed once is never edited."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from uuid import UUID

import asyncpg
import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Json
from tortoise import Tortoise

from domain.errors import Conflict
from domain.person_names import name_key
from models import migrate as migrations
from models.database_connection import tortoise_config
from models.migrate import MIGRATIONS, check_version, migrate, pending_migrations

DIGESTS = {
    "0001_baseline.sql": "2bd9f4b7468362a197555a9a59b13f161708fff13fad23236359d1842b548345",
    "0002_agreed_times.sql": "270f51cd9bf25aa8b57ca66da10dadecc001b4ac9a40098ccfd3ca720b402276",
    "0003_client_measures.sql": "80227690e7bf7446c0ec5f3d5836e61d6fa63c85cbc86b57c1149542bb08dc16",
    "0004_unanswered_moves.sql": "142c358ba0285c064bfa6cf6313cb186fc4b017d146ae88aa7cbe5db97853d20",
    "0005_expert_files.sql": "aeffc68d072f2a9d379b35033ba825541f4b2301ef80c06c8330cdd13864b91e",
    "0006_changes_beside_applications.sql": "af4a67e51d5373d744d9c8226edb24c0549dbd2daeafa6af1d05141b26ac1487",
    "0007_expert_search.sql": "baea85abca1f70565f06d456fecf814565c64971534b093c9532357d30239e0d",
    "0008_expert_sheets.sql": "d106b8ea413941b5919ed45a4bbfc9827be03875fac401eaeef471c02a44c43b",
    "0009_reviewers.sql": "0a9be8e4ab409159855d83ded943a74d480ae4de5d263d85b5ed0d892225ebea",
    "0010_condition_specialties.sql": "b4a4a771add0e12f32efc9b7584e2dd071eb3bbd29a1f516dcc7599a0aa3820d",
    "0011_times_off.sql": "ac1668512ca000c6799c1f538c93e680ef490ba3b5f93f4f7188fcb237bc1522",
    "0012_emergency_conditions.sql": "2e8993191f81490815f5cb8749c6f3869aea8dedb5a3cc6661d21f33e6ce85fc",
    "0013_group_notices.sql": "b108a9622e7c3d6ef419d61c2e8d53011f4bd43190069bd9fa7573987cf433ef",
    "0014_corrections.sql": "33ba1198cc3721e3fb2da9d9347071cef0d506286ac6187381bfd9a5df161cc0",
    "0015_sanctions.sql": "2322c417d5ec73ca47991f4c65eefaa0236734fda70be3050fa90739545ea30e",
    "0016_sanction_sheets.sql": "3a4ffda99ea6aac1c7eeac0fd0363e7fd341591b55c8a63ccb1d4be10dcf8592",
    "0017_office_texts.sql": "97597310d538ee402bd0db750d5f3a4ae9c43a6dc1bc40cc3847d192257ef4c0",
    "0018_catalogue_dates.sql": "6180f1908824a57a1262a445065909514b745f2ea664b4e8352e0148f822835c",
    "0019_office_acts.sql": "ded92d4d17659d921c23819f57c12da5be5ab0c9e95845cf51a3311557767a67",
    "0020_office_sheets.sql": "dea6d9af74019308a5f9fd06ea9df4b29b77666d11e3d3fd74da91b3508c7d5e",
    "0021_misunderstood_sentences.sql": "4a57d8b0c09b8a502cf4265218619db5047804af712c081b4806ba3bb6f3ac75",
    "0022_late_arrivals.sql": "8be57a1d4d71c60b989dc135fb03111abcba158f7cec55ec97e1d838f0814c63",
    "0023_incoming_calls.sql": "3d5aaab45f4dfa10bb2f0bda6a34746be2e2a56f4a14fae7ddb6fa57a7134b9e",
    "0024_reports.sql": "d38b61c31c8d5dad15ab8ee845ee7abb28613e6db37a8ef71ef26308ecf71e54",
    "0025_feedback_threads.sql": "14c3c9e3970187f9116ee65d8bb6da63d9f97c192d32fe28d6b66b59dda8efb2",
    "0026_channels.sql": "72d22bdfed21c5e3457aa22e2ad11f71cb3a9c227b2882af4701dc88714d9d6f",
    "0027_person_names.sql": "a213bc053bcd1359eb057306b69ac735488d71029a626dcc1ac7dd01979b2030",
    "0028_telephone_delays.sql": "2e7ed95bc4c1f33e5ac7f71e6c1b1107b2d6f70017bccc305dcab6474bba8389",
    "0029_integrations.sql": "6034b7283df0046dfb0168b37652fab50b70092aff0a097cf8b40420c50f2b3a",
    "0030_role_menus.sql": "4a3290198e806c248932f042c48b4278a9a7964d31490a6fc2732595ca744d61",
    "0031_exam_reviews.sql": "298c53acd2cba401c77486755b9399f2a6be86a399e625d3b7a5218d41d1fbfb",
}
"""SHA-256 of every committed migration. A change of the schema is a new file with a line of its own here."""
ALL = [name.removesuffix(".sql") for name in DIGESTS]
_COLUMNS = """
SELECT c.relname, c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
       || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END || coalesce(' ' || pg_get_expr(d.adbin, d.adrelid), '')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
"""
_RULES = """
SELECT t.relname, t.relname || ' ' || pg_get_constraintdef(k.oid)
  FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
 WHERE t.relnamespace = 'public'::regnamespace
UNION ALL SELECT tablename, regexp_replace(indexdef, 'INDEX \\S+ ON', 'INDEX ON') FROM pg_indexes
 WHERE schemaname = 'public' AND indexname <> 'job_waiting'
"""
"""Constraints and indexes without their names; ``job_waiting`` is our index on a table of the job queue."""
_PROGRAMS = """
SELECT c.relname, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT tgisinternal
UNION ALL SELECT p.proname, pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.proname LIKE 'procrastinate%'
UNION ALL SELECT enumtypid::regtype::text, enumlabel FROM pg_enum
"""
_ACCOUNT = """
INSERT INTO account (id, pool, real_name, mobile_sealed, mobile_hash, privacy_version, created_at)
VALUES (gen_random_uuid(), 'demo', %(name)s, '', %(number)s, '', now())
"""
WITHOUT_MODEL = {"exam_answer", "exam_answer_event", "tortoise_migrations"}
"""Tables that only SQL uses, beside those of the job queue."""
_EXPERT = """
INSERT INTO expert (id, pool, number, name, name_sort, id_number_sealed, id_number_hash, mobile_sealed, mobile_hash,
    membership_status, active, permanent_region, willing_regions, region_path, specialties, specialty_path, title_level,
    qualifications, department, recusal_keys, created_at, left_at)
VALUES (gen_random_uuid(), 'demo', %(number)s, '', '', '', %(number)s, '', '', 'formal', %(active)s, '', '{}', '{}',
    '{}', '{}', '', '{}', '', '{}', now(), %(left)s)
"""
RETIRED = {"expert.active boolean NOT NULL true"}
"""Columns that this release no longer uses and the next one drops (docs/how-to/upgrade.md)."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of migrations, for tests that add to it."""
    shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    monkeypatch.setattr(migrations, "MIGRATIONS", tmp_path / "migrations")
    return tmp_path / "migrations"


def test_a_committed_migration_is_never_edited() -> None:
    contents = {path.name: path.read_bytes() for path in MIGRATIONS.iterdir()}
    assert {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()} == DIGESTS


def test_an_empty_database_is_brought_to_todays_schema_once(empty_database: str) -> None:
    assert asyncio.run(pending_migrations(empty_database)) == ALL
    assert asyncio.run(migrate(empty_database)) == ALL
    assert asyncio.run(migrate(empty_database)) == []
    assert asyncio.run(pending_migrations(empty_database)) == []


async def test_two_at_once_apply_each_migration_once(empty_database: str) -> None:
    applied = await asyncio.gather(migrate(empty_database), migrate(empty_database))
    assert sorted(applied) == [[], ALL]


def test_later_migrations_are_applied_in_the_order_of_their_numbers(database: str, folder: Path) -> None:
    (folder / "9002_second.sql").write_text("ALTER TABLE later ADD COLUMN name text;")
    (folder / "9001_first.sql").write_text("CREATE TABLE later (id int);")
    assert asyncio.run(migrate(database)) == ["9001_first", "9002_second"]
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT id, name FROM later").fetchall() == []


@pytest.mark.parametrize("fault", ["SELECT 1 / 0", "ALTER TABLE tortoise_migrations DROP COLUMN app"])
def test_a_migration_that_fails_leaves_nothing_behind(database: str, folder: Path, fault: str) -> None:
    """It fails itself, or its row in the record can't be written."""
    (folder / "9001_first.sql").write_text("CREATE TABLE first (id int);")
    (folder / "9002_second.sql").write_text(f"CREATE TABLE second (id int); {fault};")
    with pytest.raises(asyncpg.PostgresError):
        asyncio.run(migrate(database))
    assert asyncio.run(pending_migrations(database)) == ["9002_second"]
    with psycopg.connect(database) as connection:
        tables = connection.execute("SELECT to_regclass('first')::text, to_regclass('second')::text").fetchone()
    assert tables == ("first", None)


def test_a_database_that_a_newer_release_has_changed_is_refused_and_left_alone(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('models', '0099_later', now())"
        )
        with pytest.raises(Conflict, match="0099_later等1个"):
            asyncio.run(migrate(database))
        assert connection.execute("SELECT count(*) FROM tortoise_migrations").fetchone() == (len(ALL) + 1,)
    assert asyncio.run(pending_migrations(database)) == [], "processes of this release go on during an upgrade"


def test_a_database_from_before_the_baseline_is_refused_and_left_alone(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE tortoise_migrations SET name = '0001_initial' WHERE name = '0001_baseline'")
        for ask in (migrate, pending_migrations):
            with pytest.raises(Conflict, match="0001_initial等1个"):
                asyncio.run(ask(database))
        assert connection.execute("SELECT count(*) FROM tortoise_migrations").fetchone() == (len(ALL),)


def test_a_server_that_is_too_old_is_refused_before_anything_is_touched() -> None:
    check_version(16)
    with pytest.raises(Conflict, match="PostgreSQL 15 版本过低，需要 16"):
        check_version(15)


def test_who_was_suspended_before_is_suspended_until_it_is_lifted(empty_database: str, folder: Path) -> None:
    later = [path for path in sorted(folder.glob("*.sql")) if path.name >= "0012"]
    contents = {path: path.read_bytes() for path in later}
    for path in later:
        path.unlink()
    asyncio.run(migrate(empty_database))
    with psycopg.connect(empty_database, autocommit=True) as connection:
        for number, active, left in (("1", True, None), ("2", False, None), ("3", False, "2026-01-01")):
            connection.execute(_EXPERT, {"number": number, "active": active, "left": left})
    for path, content in contents.items():
        path.write_bytes(content)
    asyncio.run(migrate(empty_database))
    with psycopg.connect(empty_database) as connection:
        rows = connection.execute(
            "SELECT e.number, s.kind, s.state, s.ends_at, s.starts_at = s.decided_at "
            "FROM sanction s JOIN expert e ON e.id = s.expert_id"
        ).fetchall()
    assert rows == [("2", "suspension", "imposed", None, True)], "who has left is not suspended"


_FORMER_NAMES = {
    "阿卜杜热合曼・买买提艾力": "阿卜杜热合曼·买买提艾力",
    "阿卜杜热合曼．买买提艾力": "阿卜杜热合曼·买买提艾力",
    "阿卜杜热合曼 · 买买提艾力": "阿卜杜热合曼·买买提艾力",
    "阿卜杜热合曼-买买提艾力": "阿卜杜热合曼·买买提艾力",
    "张\u3000三": "张三",
    "𠮷 田\u200b": "𠮷田",
    "J. R. Smith": "J. R. Smith",
    "Ａｎｎａ\xa0 Ｌｉ": "Anna Li",
    "·": "·",
    "": "",
}


def test_names_of_persons_get_their_one_spelling_and_are_found_by_their_key(empty_database: str, folder: Path) -> None:
    later = [path for path in sorted(folder.glob("*.sql")) if path.name >= "0027"]
    contents = {path: path.read_bytes() for path in later}
    for path in later:
        path.unlink()
    asyncio.run(migrate(empty_database))
    with psycopg.connect(empty_database, autocommit=True) as connection:
        for number, name in enumerate(_FORMER_NAMES):
            connection.execute(_ACCOUNT, {"number": number, "name": name})
    for path, content in contents.items():
        path.write_bytes(content)
    asyncio.run(migrate(empty_database))
    with psycopg.connect(empty_database) as connection:
        named = connection.execute(
            "SELECT real_name, person_key(real_name) FROM account ORDER BY mobile_hash"
        ).fetchall()
    assert [name for name, _ in named] == list(_FORMER_NAMES.values())
    assert [key for _, key in named] == [name_key(name) for name in _FORMER_NAMES]


_SHEET = {
    "pool": "demo",
    "account_id": UUID(int=1),
    "filename": "名单.csv",
    "targets": [[2, "ZJ1", "00000000-0000-0000-0000-00000000000e"]],
    "errors": [[3, "专家编号", "专家库中没有这位专家，请核对。"]],
    "state": "working",
    "done": 1,
    "failures": [[2, "ZJ1", "该专家已退库。"]],
    "created_at": datetime(2026, 11, 1, tzinfo=UTC),
    "confirmed_by": UUID(int=2),
    "progress_at": datetime(2026, 11, 2, tzinfo=UTC),
    "finished_at": datetime(2026, 11, 3, tzinfo=UTC),
}
"""What each sheet holds before and afterwards."""
_ACCOUNT_COLUMNS = {"mobile_sealed": "", "mobile_hash": "m", "real_name": "", "privacy_version": ""}
_TIMES = {"starts_at": None, "ends_at": "2026-12-01T00:00:00+08:00"}
_JOB = "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status) VALUES ('exports', %s, '{}', %s)"


def test_sheets_of_both_former_tables_go_on_in_one(empty_database: str, folder: Path) -> None:
    later = [path for path in sorted(folder.glob("*.sql")) if path.name >= "0020"]
    contents = {path: path.read_bytes() for path in later}
    for path in later:
        path.unlink()
    asyncio.run(migrate(empty_database))
    terms, sanctions = {"id": UUID(int=10), **_SHEET}, {"id": UUID(int=11), **_SHEET, "second_person": True}
    warning = {"kind": "warning", "reason": "迟到", **_TIMES, "withdraws_calls": False}
    with psycopg.connect(empty_database, autocommit=True) as connection:
        _insert(connection, "term_sheet", {**terms, "reason": "换届"})
        _insert(connection, "sanction_sheet", {**sanctions, "act": "warning", "terms": warning})
        for task, status in (("sanctions.sheet", "todo"), ("experts.terms", "doing"), ("experts.terms", "succeeded")):
            connection.execute(_JOB, (task, status))
    for path, content in contents.items():
        path.write_bytes(content)
    asyncio.run(migrate(empty_database))
    with psycopg.connect(empty_database, row_factory=dict_row) as connection:
        sheets = connection.execute("SELECT * FROM office_sheet ORDER BY id").fetchall()
        jobs = connection.execute("SELECT task_name AS task, status FROM procrastinate_jobs ORDER BY id").fetchall()
        former = connection.execute("SELECT relname FROM pg_class WHERE relname ~ '^(term|sanction)_sheet'").fetchall()
    act = {"act": "warning", "reason": "迟到", **_TIMES, "withdraws_calls": False}
    assert sheets == [
        {**terms, "kind": "terms", "terms": {"reason": "换届"}, "second_person": False},
        {**sanctions, "kind": "sanctions", "terms": act},
    ]
    assert [(job["task"], job["status"]) for job in jobs] == [
        ("office_sheets.work", "todo"),
        ("office_sheets.work", "doing"),
        ("experts.terms", "succeeded"),
    ]
    assert former == []


def test_feedback_of_the_former_table_goes_on_as_threads(empty_database: str, folder: Path) -> None:
    later = [path for path in sorted(folder.glob("*.sql")) if path.name >= "0025"]
    contents = {path: path.read_bytes() for path in later}
    for path in later:
        path.unlink()
    asyncio.run(migrate(empty_database))
    person, admin = UUID(int=1), UUID(int=2)
    written, answered = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)
    common = {"pool": "demo", "account_id": person, "created_at": written}
    with psycopg.connect(empty_database, autocommit=True) as connection:
        account = {"id": person, "pool": "demo", "created_at": written, **_ACCOUNT_COLUMNS}
        _insert(connection, "account", account)
        _insert(
            connection, "feedback", {"id": UUID(int=11), **common, "text_sealed": "a", "state": "open", "answer": ""}
        )
        values = {
            "text_sealed": "b",
            "state": "answered",
            "answer": "已改",
            "answered_at": answered,
            "answered_by": admin,
        }
        _insert(connection, "feedback", {"id": UUID(int=10), **common, **values})
    for path, content in contents.items():
        path.write_bytes(content)
    asyncio.run(migrate(empty_database))
    with psycopg.connect(empty_database) as connection:
        threads = connection.execute(
            "SELECT number, subject, state, holder_id, due_at IS NULL, closes_at IS NULL FROM feedback ORDER BY number"
        ).fetchall()
        messages = connection.execute(
            "SELECT feedback_id, at, office_id, text, text_sealed FROM feedback_message ORDER BY feedback_id, at"
        ).fetchall()
    assert threads == [
        (1001, "advice", "answered", admin, True, False),
        (1002, "advice", "open", None, False, True),
    ]
    assert messages == [
        (UUID(int=10), written, None, "", "b"),
        (UUID(int=10), answered, admin, "已改", ""),
        (UUID(int=11), written, None, "", "a"),
    ]


def _insert(connection: psycopg.Connection, table: str, columns: Mapping[str, object]) -> None:
    comma = sql.SQL(", ")
    names, places = comma.join(map(sql.Identifier, columns)), comma.join(sql.Placeholder() * len(columns))
    values = [Json(value) if isinstance(value, dict | list) else value for value in columns.values()]
    connection.execute(sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(sql.Identifier(table), names, places), values)


async def test_the_migrations_make_all_that_the_models_declare(database: str, empty_database: str) -> None:
    """Shows what a new migration has to contain: columns, defaults, foreign keys, unique constraints, indexes."""
    await Tortoise.init(config=tortoise_config(empty_database))
    try:
        await Tortoise.generate_schemas(safe=False)
    finally:
        await Tortoise.close_connections()
    with psycopg.connect(empty_database) as models, psycopg.connect(database) as migrated:
        declared, actual = (_texts(connection, _COLUMNS, _RULES) for connection in (models, migrated))
        columns = _texts(migrated, _COLUMNS)
    missing = sorted(text for _, text in declared - actual)
    assert not missing, "\n".join(["a new migration has to create:", *missing])
    unknown = sorted(
        text
        for table, text in columns - declared
        if table not in WITHOUT_MODEL and text not in RETIRED and not _is_queue(table)
    )
    assert not unknown, "\n".join(["no model has:", *unknown])


def test_the_job_queue_is_the_one_of_the_installed_package(database: str, empty_database: str) -> None:
    """Fails after an upgrade of procrastinate that changes its schema: its own migrations belong into a new file."""
    schema = (files("procrastinate") / "sql" / "schema.sql").read_text(encoding="utf-8")
    with psycopg.connect(empty_database) as package, psycopg.connect(database) as migrated:
        package.execute(schema)
        theirs, ours = (_queue(connection) for connection in (package, migrated))
    assert len(theirs) > 100
    assert ours == theirs


def _queue(connection: psycopg.Connection) -> set[tuple[str, str]]:
    texts = _texts(connection, _COLUMNS, _RULES, _PROGRAMS)
    return {(name, text) for name, text in texts if _is_queue(name)}


def _is_queue(name: str) -> bool:
    return name.startswith("procrastinate")


def _texts(connection: psycopg.Connection, *queries: str) -> set[tuple[str, str]]:
    """Name and description of everything that these queries find."""
    return {(name, text) for query in queries for name, text in connection.execute(query).fetchall()}
