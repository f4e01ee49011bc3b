"""Rules on applications and money that stand in the database, and what lists are sorted and searched by."""

from tortoise import migrations
from tortoise.migrations import operations as ops

SQL = """
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE SEQUENCE application_number START 1;
CREATE SEQUENCE expert_number START 100001;

CREATE UNIQUE INDEX application_live ON application (account_id) WHERE ended_at IS NULL;
CREATE INDEX application_region ON application USING gin (region_path) WITH (fastupdate = off);
CREATE INDEX application_list ON application (pool, submitted_at DESC, id DESC);
CREATE INDEX application_name ON application USING gin (name gin_trgm_ops) WITH (fastupdate = off);
ALTER TABLE application ADD CONSTRAINT application_state CHECK (state IN ('draft', 'locked', 'reviewing', 'sent_back',
    'correcting', 'notice', 'fee', 'exam', 'entered', 'refused', 'cancelled'));
ALTER TABLE application ADD CONSTRAINT application_ended
    CHECK ((ended_at IS NOT NULL) = (state IN ('entered', 'refused', 'cancelled')));

CREATE INDEX employer_name ON employer USING gin (name gin_trgm_ops) WITH (fastupdate = off);
CREATE UNIQUE INDEX employer_code ON employer (pool, credit_code) WHERE credit_code <> '' AND retired_at IS NULL;
CREATE UNIQUE INDEX employer_request_open ON employer_request (account_id, name) WHERE state = 'open';
ALTER TABLE campaign ADD CONSTRAINT campaign_windows CHECK (enrol_from < enrol_until
    AND (review_from IS NULL OR review_until IS NULL OR review_from < review_until)
    AND (pay_from IS NULL OR pay_until IS NULL OR pay_from < pay_until));

CREATE INDEX review_task_queue ON review_task (pool, step_code, opened_at) WHERE state = 'open';
CREATE UNIQUE INDEX review_task_open ON review_task (application_id, step, specialty) WHERE state = 'open';
ALTER TABLE review_task ADD CONSTRAINT review_task_decided
    CHECK ((decided_at IS NULL) = (state = 'open'));
CREATE UNIQUE INDEX objection_open ON objection (application_id, account_id) WHERE state = 'open';

ALTER TABLE fee ADD CONSTRAINT fee_amount CHECK (amount > 0);
ALTER TABLE fee ADD CONSTRAINT fee_paid CHECK ((paid_at IS NOT NULL) = (state IN ('paid', 'refunded')));
CREATE INDEX fee_opening ON fee (opens_at) WHERE state = 'due' AND told_at IS NULL;
ALTER TABLE pay_order ADD CONSTRAINT pay_order_amount CHECK (amount > 0 AND refunded >= 0 AND refunded <= amount);
ALTER TABLE pay_order ADD CONSTRAINT pay_order_paid
    CHECK ((transaction_id IS NOT NULL) = (state IN ('paid', 'refunded')));
CREATE UNIQUE INDEX pay_order_counts ON pay_order (fee_id) WHERE state IN ('paid', 'refunded') AND NOT surplus;
CREATE UNIQUE INDEX pay_order_open ON pay_order (fee_id, trade, openid) WHERE state IN ('new', 'open');
CREATE INDEX pay_order_check ON pay_order (check_at) WHERE check_at IS NOT NULL;
ALTER TABLE refund ADD CONSTRAINT refund_amount CHECK (amount > 0);
CREATE INDEX refund_check ON refund (check_at) WHERE check_at IS NOT NULL;
CREATE INDEX invoice_check ON invoice (check_at) WHERE check_at IS NOT NULL;
CREATE INDEX bill_check ON bill (check_at) WHERE check_at IS NOT NULL;
CREATE INDEX pay_event_waiting ON pay_event (received_at) WHERE applied_at IS NULL;
CREATE UNIQUE INDEX invoice_live ON invoice (fee_id) WHERE state <> 'reversed';

UPDATE account a SET real_name = e.name, id_number_sealed = e.id_number_sealed, id_number_hash = e.id_number_hash,
    registered_at = a.created_at
    FROM expert e WHERE e.account_id = a.id AND e.pool = a.pool AND e.left_at IS NULL AND a.disabled_at IS NULL;
ALTER TABLE account ADD CONSTRAINT account_registered CHECK ((registered_at IS NULL) = (id_number_hash IS NULL));
"""
"""Experts who had bound their mobile before need not register: their files name them.

``pay_order_counts`` is what makes a fee count once, whatever callbacks do: a second paid order must be surplus."""


class Migration(migrations.Migration):
    dependencies = [("models", "0004_applicants")]
    operations = [ops.RunSQL(SQL)]
