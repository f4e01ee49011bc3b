"""A migration that does not copy the whole state before every new table or column.

Tortoise renders all models anew for the copy, which made the first start of an empty database take most of its time.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from tortoise import migrations
from tortoise.fields.base import Field
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State


class AddFields(ops.TortoiseOperation):
    """Several columns of one table, none of them a relation; its models are rendered anew once, not for each."""

    def __init__(self, model_name: str, fields: Mapping[str, Field[Any]]) -> None:
        self.model_name = model_name
        self.fields = fields

    def describe(self) -> str:
        return f"Add fields {', '.join(self.fields)} to {self.model_name}"

    def state_forward(self, app_label: str, state: State) -> None:
        self.get_model_state(state, app_label, self.model_name).fields.update(deepcopy(dict(self.fields)))
        state.reload_models({(app_label, self.model_name)})

    async def database_forward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        if state_editor is not None:
            model = new_state.apps.get_model(f"{app_label}.{self.model_name}")
            for name in self.fields:
                await state_editor.add_field(model, name)


_LOOK_ONLY_AHEAD = (ops.CreateModel, ops.AddField, AddFields, ops.AddIndex, ops.RunSQL)
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
