-- Log-in by a name's pinyin without reading every expert of the pool.
CREATE INDEX expert_pinyin ON expert (pool, (regexp_replace(name_sort, '[^a-z]', '', 'g'))) WHERE left_at IS NULL;
