-- Names of persons are stored in one spelling, and compared by one key (``domain.person_names``).
-- Names in sealed files of experts (expert_file_change) are spelt when they are opened; nobody without the data key can
-- change them. ``name_sort`` stays: log-in by pinyin reads its letters only, and the next change of a file writes it.

CREATE FUNCTION person_key(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN lower(translate($1, '· .,''-་', ''));
COMMENT ON FUNCTION person_key(text) IS 'Of a stored name; ``name_key`` of ``domain.person_names`` is the same for any spelling.';

-- Full width, compatibility forms and unseen characters first; then dots, a full stop between two Latin letters excepted;
-- then a hyphen and blanks between Chinese characters, and blanks around dots.
CREATE FUNCTION pg_temp.spelt(name text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    han text := U&'[\3007\3400-\9FFF\F900-\FAFF\+020000-\+033479]';
    spelt text := regexp_replace(name, U&'[\00AD\034F\180B-\180E\200B-\200F\202A-\202E\2060-\206F\FE00-\FE0F\FEFF]', '', 'g');
BEGIN
    spelt := normalize(translate(spelt, U&'\2022\2027\2219\22C5\30FB\FF65\318D\25CF\3002\FF61', '··········'), NFKC);
    spelt := regexp_replace(spelt, '(^|[^A-Za-zÀ-ɏḀ-ỿ])\.', '\1·', 'g');
    spelt := regexp_replace(regexp_replace(spelt, '\s+', ' ', 'g'), ' ?·[ ·]*', '·', 'g');
    spelt := regexp_replace(spelt, '(' || han || ') ?- ?(?=' || han || ')', '\1·', 'g');
    spelt := regexp_replace(spelt, '(' || han || ') (?=' || han || ')', '\1', 'g');
    spelt := rtrim(ltrim(spelt), ' ·,');
    RETURN CASE WHEN length(spelt) BETWEEN 1 AND 50 THEN spelt ELSE name END;
END $$;

UPDATE account SET real_name = pg_temp.spelt(real_name) WHERE real_name <> pg_temp.spelt(real_name);
UPDATE expert SET name = pg_temp.spelt(name) WHERE name <> pg_temp.spelt(name);
UPDATE application SET name = pg_temp.spelt(name) WHERE name <> pg_temp.spelt(name);
UPDATE draw SET operator_name = pg_temp.spelt(operator_name) WHERE operator_name <> pg_temp.spelt(operator_name);
UPDATE supervisor_entry SET name = pg_temp.spelt(name) WHERE name <> pg_temp.spelt(name);
UPDATE draw_supervisor SET name = pg_temp.spelt(name) WHERE name <> pg_temp.spelt(name);
UPDATE recusal_person SET name = pg_temp.spelt(name) WHERE name <> pg_temp.spelt(name);

DROP INDEX account_name;
CREATE INDEX account_name ON account (pool, person_key(real_name)) WHERE real_name <> '';
DROP INDEX expert_name_part;
CREATE INDEX expert_name_part ON expert USING gin (grams(person_key(name))) WITH (fastupdate = off);
