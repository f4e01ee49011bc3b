-- What the chat did not understand, without whose it was, and the meaning that the office gives to such sentences.

CREATE TABLE misunderstood_sentence (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    sentence_hash varchar(64) NOT NULL,
    sentence_sealed text NOT NULL,
    speakers varchar(60) NOT NULL,
    offered text[] NOT NULL,
    count int NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    state varchar(12) NOT NULL,
    CONSTRAINT misunderstood_sentence_once UNIQUE (pool, sentence_hash),
    CONSTRAINT misunderstood_sentence_counts CHECK (count > 0),
    CONSTRAINT misunderstood_sentence_states CHECK (state IN ('open', 'assigned', 'dismissed'))
);
COMMENT ON TABLE misunderstood_sentence IS
    'A sentence that the chat did not understand, scrubbed of personal data; nothing says who wrote it.';
CREATE INDEX misunderstood_sentence_listed ON misunderstood_sentence (pool, state, count, last_at);
CREATE INDEX misunderstood_sentence_obsolete ON misunderstood_sentence (last_at);

CREATE TABLE misunderstood_writer (
    id uuid PRIMARY KEY,
    writer_hash varchar(64) NOT NULL,
    day date NOT NULL,
    count int NOT NULL,
    CONSTRAINT misunderstood_writer_once UNIQUE (writer_hash)
);
COMMENT ON TABLE misunderstood_writer IS
    'How many sentences of one person were kept on a day. The hash contains the day, so that no two days tell one person.';
CREATE INDEX misunderstood_writer_obsolete ON misunderstood_writer (day);

CREATE TABLE intent_paraphrase (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    intent varchar(60) NOT NULL,
    sentence varchar(60) NOT NULL,
    plain varchar(200) NOT NULL,
    at timestamptz NOT NULL,
    actor_id uuid NOT NULL,
    CONSTRAINT intent_paraphrase_once UNIQUE (pool, plain)
);
COMMENT ON TABLE intent_paraphrase IS
    'A sentence to which the office has given a meaning; ``plain``: as domain.understanding.intents.plain compares it.';
CREATE INDEX intent_paraphrase_newest ON intent_paraphrase (pool, at);
