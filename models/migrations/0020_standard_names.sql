-- Names that follow those of tables and columns.
ALTER INDEX letter_pkey RENAME TO outbound_email_pkey;
ALTER INDEX letter_message_id_key RENAME TO outbound_email_message_id_key;
ALTER TABLE outbound_email RENAME CONSTRAINT letter_invoice_id_fkey TO outbound_email_invoice_id_fkey;
ALTER INDEX account_person_check RENAME TO account_identity_verification_due;
ALTER TABLE account RENAME CONSTRAINT account_person_check TO account_identity_verification;

-- Kinds of due tasks: rows whose work failed keep their pause, and jobs that wait are found by the new kind.
UPDATE row_failure SET work = CASE work WHEN 'notice_end' THEN 'public_notice_end' ELSE 'reconcile_review_tasks' END
 WHERE work IN ('notice_end', 'review_alignment');
DO $$
BEGIN
    IF to_regclass('procrastinate_jobs') IS NOT NULL THEN
        UPDATE procrastinate_jobs j SET args = jsonb_build_object('kind', n.new),
            queueing_lock = CASE WHEN j.queueing_lock IS NOT NULL THEN 'deadline:' || n.new END
          FROM (VALUES ('person_check', 'identity_verification'), ('review_alignment', 'reconcile_review_tasks'),
            ('notice_end', 'public_notice_end')) AS n(old, new)
         WHERE j.task_name = 'deadlines.run' AND j.args->>'kind' = n.old AND j.status IN ('todo', 'doing');
    END IF;
END $$;
