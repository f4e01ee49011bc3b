"""From an empty database to today's schema; what was committed once is never edited."""

from __future__ import annotations

import asyncio
import hashlib
from importlib import import_module

import psycopg
import pytest

from domain.errors import Conflict
from models.migrate import MIGRATIONS, check_version, migrate, pending

DIGESTS = {
    "0001_initial.py": "d6409c5d16cc9b84998fe25ef2b50466b55a72b7e3b7552523d820a6e4cc8ab0",
    "0001_rules.sql": "5310a3b58ac3f137e69f3f4fc0afc9ba28d1a6620acbaa59acc7e148dcb67cde",
    "0002_decided_by.py": "f62e9e7f24946132db4cde8ee3f5bda384f1a95853c3308d0957001b4381792a",
    "0003_exams.py": "10b91f7ac0d1149b63ddbd55cdab9aa0e2611e79429021ccb0be4cf209e8e429",
    "0003_exams.sql": "0e3744523ce427bbd539d127687e927e15789984997eafb92b12c991cdd51adb",
    "0004_certificates.py": "32ee6a3ef4c5ecccee1b39198f8f88ec33fba0113238cc37fceb4dd73fb260a0",
    "0004_certificates.sql": "ae36566c4bf166504dadfc64853aa4e058037a4eaa6be3760679d060d69ef138",
    "0005_courses.py": "a13848b5d928ef6642432da70ba6155d53e8ff60da1b1b9f99cd28a63422b05d",
    "0005_courses.sql": "5699832d7e1e48f89906d7c66ce0b9b6edaa65a7e8b175fe206877234d92fcd9",
    "0006_indexes.py": "7cf785b0705f19b22a45770057fe170036af4d15ca56276fc5166583beb79aea",
    "0006_indexes.sql": "eebddf11b960c96d6424520dcc6c92b4b767bfea4a4c066e47db5a14fdbc45ed",
    "0007_storms.py": "158f00652608c9dde2add42a1ee4c98b4156930a6ac968dbf72b62b2e1a68dd7",
    "0007_storms.sql": "1aaae1f381c96f4fdf9bfcfcd06c261af92fddb60ec13e4ead081f74f87420e2",
    "0008_catalogue_parents.py": "669c3f049fdb3f661a4e310ba0471e788118c7df0ce790e221a473ba04bd34a5",
    "0008_catalogue_parents.sql": "c431e0d9e1aaa0dcc93661c1906f06b9be371aee9cf6fb305edd6af0f71347f2",
    "0009_expert_lists.py": "587e5213680f09b9c28353c51cf9da3bf5488cc9d8602341806c5419883292e1",
    "0009_expert_lists.sql": "78100eff7f37c3454d53eb1f85e3859d0fee90fd03d323643c011a9d04182032",
    "0010_remuneration.py": "3009d97f6648647ca1c04fbd33f2ed5ed4a51cd80c7b4c19b8dc7723e207c53f",
    "0010_remuneration.sql": "d71e3de175ce3a4cc936b371c38af5f9fe272dd8863b7a33dd0a34f066c22db4",
    "0011_agency_lists.py": "808e3768546bc0055d22ba9d3b654e581a761a74070102576eadb1443135be36",
    "0011_agency_lists.sql": "9dddf912d4ded8583a4802dfe3aec1a9af1b588665822df7c3eeabe626b32d83",
    "0012_pinyin_names.py": "5e7e9528dbce1a2e13bdd45aa0ce6cd937b2e71f0b269a55c1b373718c33b2f5",
    "0012_pinyin_names.sql": "1aaa7541e676bbc95126324bac41c4bb384c7b4ca88aab3e61aa0718411aeb68",
    "0013_redraw.py": "94f5abd2de32035037d4234b23972262e8ddd7e2cb7b29f20344635dc2d3a6dd",
    "0013_redraw.sql": "1ebbd994ddaf1bf48db633076d1c4b87250bde4b5eec6eebeb65bd63a42fd03b",
    "0014_identity_and_drafts.py": "4b9c890c14f38e64850bb27a3c6df953143fa7501203daf1dd45f9517fb9334d",
    "0015_release.py": "335966df5f174cef83d69f8f0f8bd39e0df850b0989fbfc186756ccd2532ff9d",
    "0016_virtual_call.py": "66c59052b0e4307ebff6fa03011edbc007c6f09eea63f542df5bab0dc07bee36",
    "0017_notice_numbers.py": "f271771d744cc68373f059b5e213474e55c2cd967e848f76f3d5db6896c4c379",
    "0017_notice_numbers.sql": "3edf875ae3440b3f44931cb255e8a9789a79fd8767e21564baf84700cb3ec294",
    "0018_notified_at.py": "39f86c1e27c406bdac19e572e6b88941cfd5fa206b8ead1738b51f2835e18e15",
    "0019_delivery_report_table.py": "31282dd1057b15577c40bf5741650e83b32165e30f39b2aa5c13475014b86248",
    "0020_standard_names.py": "a7e66158cfbf184864ce5a9c32857ce3c2d07d32bd9ca887672c0736dcf21640",
    "0020_standard_names.sql": "f00379774b4d7c26447dffca45e02fa61f47711710c489184827344aee4d8192",
    "0021_job_names.py": "c82e9d9762b5b3a0907932c5cdfc0bab7d6ff9b9a187d8798d83f0e08c50067c",
    "0022_attempt_codes.py": "d4ff7ac2b6e1feac816e65ad7f860705b54c4cf545440c0b1b9f3a145015b27a",
    "0023_identity_verification_requests.py": "ccdaae8da5a3d816d9fd0240986506b404bce95d84695f600a1f0e1b5c288095",
}
"""SHA-256 of every committed migration. A change of the schema is a new file with a line of its own here."""
ALL = [name.removesuffix(".py") for name in DIGESTS if name.endswith(".py")]


def test_a_committed_migration_is_never_edited() -> None:
    found = {path.name: path.read_bytes() for path in MIGRATIONS.glob("[0-9]*")}
    assert {name: hashlib.sha256(content).hexdigest() for name, content in found.items()} == DIGESTS


def test_an_empty_database_is_brought_to_todays_schema_once(empty_database: str) -> None:
    assert asyncio.run(pending(empty_database)) == ALL
    assert asyncio.run(migrate(empty_database)) == ALL
    assert asyncio.run(migrate(empty_database)) == []
    assert asyncio.run(pending(empty_database)) == []


def test_a_database_that_another_release_has_changed_is_refused_and_left_alone(empty_database: str) -> None:
    asyncio.run(migrate(empty_database))
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('models', '0099_later', now())"
        )
        with pytest.raises(Conflict, match="0099_later等1个"):
            asyncio.run(migrate(empty_database))
        assert connection.execute("SELECT count(*) FROM tortoise_migrations").fetchone() == (len(ALL) + 1,)


def test_call_notices_with_the_same_number_take_the_next_free_ones(empty_database: str) -> None:
    sql = (MIGRATIONS / "0017_notice_numbers.sql").read_text(encoding="utf-8")
    with psycopg.connect(empty_database) as connection:
        connection.execute("CREATE TEMP TABLE call_notice (id int, draw_id int, position int)")
        connection.execute("CREATE INDEX call_notice_draw ON call_notice (draw_id)")
        connection.execute("INSERT INTO call_notice VALUES (1, 1, 1), (2, 1, 2), (3, 1, 2), (4, 1, 2), (5, 2, 2)")
        connection.execute(sql)
        found = connection.execute("SELECT position FROM call_notice ORDER BY id").fetchall()
    assert found == [(1,), (2,), (3,), (4,), (2,)]


def test_jobs_and_failures_of_due_tasks_are_found_under_their_new_names(empty_database: str) -> None:
    names = (MIGRATIONS / "0020_standard_names.sql").read_text(encoding="utf-8")
    sql = names[names.index("UPDATE row_failure") :]
    with psycopg.connect(empty_database) as connection:
        connection.execute("CREATE TEMP TABLE row_failure (work text)")
        connection.execute("INSERT INTO row_failure VALUES ('notice_end'), ('review_alignment'), ('expire')")
        connection.execute(sql)
        connection.execute(
            "CREATE TEMP TABLE procrastinate_jobs (id int, task_name text, args jsonb, queueing_lock text, status text)"
        )
        connection.execute(
            "INSERT INTO procrastinate_jobs VALUES "
            "(1, 'deadlines.run', '{\"kind\": \"person_check\"}', 'deadline:person_check', 'todo'), "
            "(2, 'deadlines.run', '{\"kind\": \"expire\"}', 'deadline:expire', 'todo')"
        )
        connection.execute(sql)
        works = connection.execute("SELECT work FROM row_failure ORDER BY work").fetchall()
        jobs = connection.execute("SELECT args->>'kind', queueing_lock FROM procrastinate_jobs ORDER BY id").fetchall()
    assert works == [("expire",), ("public_notice_end",), ("reconcile_review_tasks",)]
    assert jobs == [("identity_verification", "deadline:identity_verification"), ("expire", "deadline:expire")]


def test_waiting_jobs_follow_their_tasks_to_new_names(empty_database: str) -> None:
    sql = import_module("models.migrations.0021_job_names").JOBS
    with psycopg.connect(empty_database) as connection:
        connection.execute(sql)
        connection.execute(
            "CREATE TEMP TABLE procrastinate_jobs (id int, queue_name text, task_name text, args jsonb, status text)"
        )
        connection.execute(
            "INSERT INTO procrastinate_jobs VALUES (1, 'pictures', 'payments.picture', '{}', 'todo'), "
            "(2, 'draws', 'draws.advance', '{}', 'todo'), (3, 'pictures', 'payments.picture', '{}', 'succeeded'), "
            "(4, 'receipts', 'receipts.apply', '{\"receipt_id\": \"a\"}', 'todo')"
        )
        connection.execute(sql)
        jobs = connection.execute("SELECT queue_name, task_name, args FROM procrastinate_jobs ORDER BY id").fetchall()
    assert jobs == [
        ("qr_images", "payments.qr_image", {}),
        ("draws", "draws.advance", {}),
        ("pictures", "payments.picture", {}),
        ("delivery_reports", "delivery_reports.apply", {"report_id": "a"}),
    ]


def test_attempts_that_a_chat_reply_made_needless_get_the_new_code(empty_database: str) -> None:
    sql = import_module("models.migrations.0022_attempt_codes").CODES
    with psycopg.connect(empty_database) as connection:
        connection.execute("CREATE TEMP TABLE attempt (id int, state text, vendor_code text)")
        connection.execute(
            "INSERT INTO attempt VALUES (1, 'delivered', 'told'), (2, 'delivered', 'chat'), (3, 'failed', 'stopped')"
        )
        connection.execute(sql)
        codes = connection.execute("SELECT vendor_code FROM attempt ORDER BY id").fetchall()
    assert codes == [("chat_reply",), ("chat",), ("stopped",)]


def test_a_server_that_is_too_old_is_refused_before_anything_is_touched() -> None:
    check_version(16)
    with pytest.raises(Conflict, match="PostgreSQL 15 版本过低，需要 16"):
        check_version(15)
