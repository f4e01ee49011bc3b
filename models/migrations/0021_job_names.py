"""Waiting jobs follow their tasks and queues, which got standard names."""

from tortoise.migrations import operations as ops

from models.batched_migration import BatchedMigration

JOBS = """
DO $$
BEGIN
    IF to_regclass('procrastinate_jobs') IS NOT NULL THEN
        UPDATE procrastinate_jobs SET task_name = 'payments.qr_image', queue_name = 'qr_images'
         WHERE task_name = 'payments.picture' AND status IN ('todo', 'doing');
        UPDATE procrastinate_jobs SET task_name = 'delivery_reports.apply', queue_name = 'delivery_reports',
            args = jsonb_build_object('report_id', args->'receipt_id')
         WHERE task_name = 'receipts.apply' AND status IN ('todo', 'doing');
    END IF;
END $$;
"""


class Migration(BatchedMigration):
    dependencies = [("models", "0020_standard_names")]

    operations = [ops.RunSQL(JOBS)]
