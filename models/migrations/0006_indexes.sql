-- Foreign keys by which rows are joined or looked for; tests/models/test_indexes.py lists those that nobody searches.
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_identity ON session (identity_id);
CREATE INDEX agent_link_account ON agent_link (account_id);
CREATE INDEX organisation_legal_account ON organisation (legal_account_id);
CREATE INDEX application_campaign ON application (campaign_id, submitted_at DESC, id DESC);
CREATE INDEX application_expert ON application (expert_id);
CREATE INDEX fee_account ON fee (account_id, created_at);
CREATE INDEX objection_account ON objection (account_id);
CREATE INDEX employer_request_account ON employer_request (account_id, created_at);
CREATE INDEX exam_candidate_expert ON exam_candidate (expert_id);
CREATE INDEX exam_ruling_version ON exam_ruling (version_id);
CREATE INDEX project_agent ON project (agent_id);
CREATE INDEX draw_project ON draw (project_id);
CREATE INDEX draw_agent ON draw (agent_id);
CREATE INDEX draw_application_draw ON draw_application (draw_id);
CREATE INDEX draw_lot_draw ON draw_lot (draw_id);
CREATE INDEX draw_lot_lot ON draw_lot (lot_id);
CREATE INDEX draw_lot_project ON draw_lot (project_id);
CREATE INDEX draw_supervisor_draw ON draw_supervisor (draw_id);
CREATE INDEX recusal_unit_draw ON recusal_unit (draw_id);
CREATE INDEX recusal_person_draw ON recusal_person (draw_id);
CREATE INDEX avoided_draw_earlier ON avoided_draw (earlier_id);
CREATE INDEX call_notice_draw ON call_notice (draw_id);
CREATE INDEX draw_condition_notice ON draw_condition (notice_id);
CREATE INDEX invitation_condition ON invitation (condition_id, closed_at);
CREATE INDEX invitation_notice ON invitation (notice_id);
CREATE INDEX absence_draw ON absence (draw_id);
CREATE INDEX absence_invitation ON absence (invitation_id);
CREATE INDEX absence_condition ON absence (condition_id);
CREATE INDEX discard_request_invitation ON discard_request (invitation_id);
CREATE INDEX urge_invitation ON urge (invitation_id);

-- Long lists in the order in which they are shown.
CREATE INDEX draw_list ON draw (pool, created_at DESC, id);
CREATE INDEX project_list ON project (pool, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX review_task_waiting ON review_task (pool, opened_at, id)
    INCLUDE (step_code, region, specialty, application_id) WHERE state = 'open';
CREATE INDEX pay_order_list ON pay_order (pool, created_at DESC, id DESC);
CREATE INDEX pay_order_rest ON pay_order (pool, created_at DESC, id DESC) WHERE state IN ('new', 'open', 'refunded');
CREATE INDEX pay_order_surplus ON pay_order (pool, created_at DESC, id DESC) WHERE surplus;
CREATE INDEX invoice_list ON invoice (pool, created_at, id);
CREATE INDEX invoice_number ON invoice (pool, number) WHERE number <> '';
CREATE INDEX application_states ON application (pool, state, submitted_at DESC, id DESC) WHERE submitted_at IS NOT NULL;

-- The few rows among many for which somebody has to do something, or which happen today.
CREATE INDEX refund_trouble ON refund (order_id) WHERE state IN ('abnormal', 'closed') OR failure <> '';
CREATE INDEX invoice_to_make ON invoice (pool, created_at, id) WHERE state IN ('failed', 'wanted');
CREATE INDEX invoice_stuck ON invoice (id) WHERE state = 'stuck';
CREATE INDEX fee_refunded ON fee (id) WHERE state = 'refunded';
CREATE INDEX bill_difference_open ON bill_difference (bill_id) WHERE resolved_at IS NULL;
CREATE INDEX draw_running ON draw (pool, organisation_id) WHERE state IN ('drawing', 'paused', 'ending');
CREATE INDEX draw_finished ON draw (pool, finished_at);
CREATE INDEX draw_started ON draw (pool, started_at);
CREATE INDEX absence_waiting ON absence (draw_id) WHERE handled_at IS NULL;
CREATE INDEX invitation_gathering ON invitation (gathering_at) WHERE state = 'accepted';

-- Words within names and numbers.
CREATE INDEX draw_words ON draw USING gin (number gin_trgm_ops, name gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX project_words ON project USING gin (number gin_trgm_ops, name gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX application_number_words ON application USING gin (number gin_trgm_ops) WITH (fastupdate = off);
