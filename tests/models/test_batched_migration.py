"""A batched rendering has the same result as one operation at a time."""

from __future__ import annotations

from typing import Any

from tortoise import Tortoise, connections, fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.migrations.schema_editor.asyncpg import AsyncpgSchemaEditor
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps

from models.batched_migration import BatchedMigration
from models.database_connection import tortoise_config

_LOOKS = (
    (
        "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns "
        "WHERE table_schema = 'public' ORDER BY 1, 2"
    ),
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2",
    (
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 ORDER BY 1, 2"
    ),
)
Seen = list[list[dict[str, Any]]]


def _operations() -> list[ops.Operation]:
    """Operations: a table with immediate and later changes, a second table, and a reverted rename."""
    return [
        ops.CreateModel("Tree", [("id", fields.IntField(primary_key=True)), ("kind", fields.CharField(20))]),
        ops.CreateModel(
            "Leaf",
            [
                ("id", fields.IntField(primary_key=True)),
                ("tree", fields.ForeignKeyField("models.Tree", related_name="leaves")),
            ],
            options={"indexes": [Index(fields=["id", "tree_id"])]},
        ),
        ops.AddField("Leaf", "colour", fields.CharField(9, default="green", db_default="green")),
        ops.AddField("Tree", "height", fields.IntField(null=True)),
        ops.AddField("Tree", "age", fields.IntField(null=True)),
        ops.AddIndex("Leaf", Index(fields=["colour"])),
        ops.AddConstraint("Tree", UniqueConstraint(("kind", "age"), name="one_of_a_kind")),
        ops.AlterModelOptions("Tree", {"table_description": "What stands"}),
        ops.RemoveConstraint("Tree", name="one_of_a_kind"),
        ops.AddConstraint("Tree", UniqueConstraint(("kind", "height"), name="one_of_a_kind")),
        ops.CreateModel("Bird", [("id", fields.IntField(primary_key=True))]),
        ops.AddField("Bird", "tree", fields.ForeignKeyField("models.Tree", related_name="birds", null=True)),
    ]


async def _apply(kind: type[migrations.Migration], url: str) -> Seen:
    """The tables after a migration of this kind; they are gone afterwards."""
    made = kind("0001_trees", "models")
    made.operations = _operations()
    await Tortoise.init(config=tortoise_config(url))
    try:
        connection = connections.get("default")
        state = State(models={}, apps=StateApps({"models": "default"}))
        await made.apply(state, schema_editor=AsyncpgSchemaEditor(connection, atomic=False))
        seen = [[dict(row) for row in await connection.execute_query_dict(look)] for look in _LOOKS]
        await connection.execute_script('DROP TABLE "bird", "leaf", "tree"')
    finally:
        await Tortoise.close_connections()
    return seen


async def test_the_tables_are_those_that_tortoise_makes(empty_database: str) -> None:
    theirs = await _apply(migrations.Migration, empty_database)
    ours = await _apply(BatchedMigration, empty_database)
    assert [len(found) > 3 for found in theirs] == [True] * 3
    assert ours == theirs
