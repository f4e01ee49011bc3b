"""The name under which committed migrations import ``BatchedMigration``."""

from models.batched_migration import BatchedMigration

QuickMigration = BatchedMigration
