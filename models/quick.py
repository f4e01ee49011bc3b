"""A migration that does not copy the whole state before every new table.

Tortoise renders all models anew for the copy, which made the first start of an empty database take most of its time.
"""

from __future__ import annotations

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State

_LOOK_ONLY_AHEAD = (ops.CreateModel, ops.RunSQL)
"""Operations that never ask what was there before."""


class QuickMigration(migrations.Migration):
    """For migrations that mostly create tables; everything else of it is Tortoise's."""

    async def apply(
        self,
        state: State,
        *,
        dry_run: bool = False,
        schema_editor: BaseSchemaEditor | None = None,
        collect_sql: bool = False,
    ) -> State:
        if dry_run or collect_sql or schema_editor is None:
            return await super().apply(state, dry_run=dry_run, schema_editor=schema_editor, collect_sql=collect_sql)
        transactions = schema_editor.client.capabilities.supports_transactions
        for operation in self.operations:
            before = state if isinstance(operation, _LOOK_ONLY_AHEAD) else state.clone()
            operation.state_forward(self.app_label, state)
            await self._run_database_forward(operation, before, state, schema_editor, transactions)
        state.validate_relations_initialized()
        return state
