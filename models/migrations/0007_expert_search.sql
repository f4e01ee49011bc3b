-- The office finds experts by any part of a name or of the employer's: pairs of characters and single ones as keys. The cost keeps the planner
-- from computing them for every row it reads in another order.

CREATE FUNCTION grams(text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
RETURN ARRAY(SELECT DISTINCT substr(lower($1), start, size)
    FROM generate_series(1, length($1)) AS start, generate_series(1, 2) AS size);
CREATE INDEX expert_name_part ON expert USING gin (grams(name)) WITH (fastupdate = off);
CREATE INDEX employment_unit_part ON employment USING gin (grams(unit_name)) WITH (fastupdate = off);
-- Lists in the order of terms and of entry.
CREATE INDEX expert_terms ON expert (pool, term_until, id) WHERE left_at IS NULL;
CREATE INDEX expert_newest ON expert (pool, created_at DESC, id);
