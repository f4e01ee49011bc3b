"""A migration that renders the models as seldom as possible.

Tortoise renders all models after every operation, and once more for a copy of the state before it, which took most
of the first start with an empty database. Here operations that never read the earlier state get no copy, and adjacent
ones share one rendering.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State

_LOOK_ONLY_AHEAD = (
    ops.CreateModel,
    ops.AddField,
    ops.AddIndex,
    ops.AddConstraint,
    ops.AlterModelOptions,
    ops.RunSQL,
)
"""Operations that never read the earlier state."""


class BatchedMigration(migrations.Migration):
    """For migrations that mostly create tables; otherwise behaves as Tortoise's."""

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
        for group in _groups(self.operations):
            before = state if isinstance(group[0], _LOOK_ONLY_AHEAD) else state.clone()
            with _rendered_once(state):
                for operation in group:
                    operation.state_forward(self.app_label, state)
            for operation in group:
                await self._run_database_forward(operation, before, state, schema_editor, transactions)
        state.validate_relations_initialized()
        return state


def _groups(operations: Sequence[ops.Operation]) -> list[list[ops.Operation]]:
    """Adjacent operations that can be rendered together. A table is created in its model's state; later changes to it
    wait for the next group."""
    groups: list[list[ops.Operation]] = []
    made: set[str] = set()
    for operation in operations:
        new = isinstance(operation, ops.CreateModel)
        name = str(getattr(operation, "model_name", "") or getattr(operation, "name", ""))
        joins = groups and all(isinstance(one, _LOOK_ONLY_AHEAD) for one in (groups[-1][0], operation))
        if not joins or (name in made and not new):
            groups.append([])
            made.clear()
        groups[-1].append(operation)
        if new:
            made.add(name)
    return groups


@contextmanager
def _rendered_once(state: State) -> Iterator[None]:
    """Defers rendering of models that operations ask for to the end of the block."""
    waiting: set[tuple[str, str]] = set()
    own = vars(state)
    own["reload_models"] = waiting.update
    own["reload_model"] = lambda app, name: waiting.add((app, name))
    try:
        yield
    finally:
        del own["reload_models"], own["reload_model"]
    if waiting:
        state.reload_models(waiting)
