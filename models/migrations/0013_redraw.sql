-- Redraws and recalls follow an ended draw.
ALTER TABLE draw ADD CONSTRAINT draw_kind CHECK (kind IN ('normal', 'redraw', 'recall'));
ALTER TABLE draw ADD CONSTRAINT draw_original CHECK ((kind = 'normal') = (original_id IS NULL));
ALTER TABLE draw ADD CONSTRAINT draw_bid_closing CHECK (bid_closing_at <= opening_at);
CREATE INDEX draw_original_id ON draw (original_id);
-- Who is asked on the phone comes at a time, or doesn't come, or was not reached yet.
ALTER TABLE recalled_expert ADD CONSTRAINT recalled_expert_answer
    CHECK ((takes_part IS NOT DISTINCT FROM TRUE) = (gathering_at IS NOT NULL));
