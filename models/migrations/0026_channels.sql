-- When a person last consented to messages of a template, so that a late event of WeChat changes nothing; and when a
-- notice was opened, by which its ladder ends.

ALTER TABLE wechat_identity ADD COLUMN subscribe_accepts jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN wechat_identity.subscribe_accepts IS 'When a template was last accepted, by its id, in ISO 8601.';

ALTER TABLE notice ADD COLUMN opened_at timestamptz;
COMMENT ON COLUMN notice.opened_at IS 'When the person opened the notice''s page, or acted on its matter.';
