-- What the office has worded itself: each edit of a text of the rulebook, with who published it, when and why.

CREATE TABLE office_text_edit (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    version int NOT NULL,
    code varchar(40) NOT NULL,
    value text,
    reason varchar(200) NOT NULL,
    at timestamptz NOT NULL,
    actor_id uuid NOT NULL,
    CONSTRAINT office_text_edit_once UNIQUE (pool, version),
    CONSTRAINT office_text_edit_counts CHECK (version > 0)
);
COMMENT ON TABLE office_text_edit IS
    'An edit of a text that the rulebook begins with, ``value`` as JSON; never edited. The newest of a code holds, without a value the rulebook''s.';
CREATE INDEX office_text_edit_code ON office_text_edit (pool, code, version);
CREATE TRIGGER office_text_append_only BEFORE UPDATE OR DELETE ON office_text_edit
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
