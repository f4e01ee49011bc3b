-- The office's lists of experts, in the order in which they are shown, and the few whose age is near the limit.
CREATE INDEX expert_list ON expert (pool, name_sort, id) WHERE left_at IS NULL;
CREATE INDEX expert_left ON expert (pool, name_sort, id) WHERE left_at IS NOT NULL;
CREATE INDEX expert_age ON expert (pool, born_on) WHERE left_at IS NULL;
-- Beginnings of names.
CREATE INDEX expert_name ON expert (pool, name COLLATE "C");
