-- Trading platforms that work for an organisation by the integrators' API (平台对接): clients, secrets, and events that are
-- posted to them.

CREATE TABLE integration_client (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    name varchar(60) NOT NULL,
    scopes text[] NOT NULL,
    networks text[] NOT NULL,
    webhook_url varchar(500) NOT NULL,
    webhook_secret_sealed text NOT NULL,
    former_secret_sealed text NOT NULL,
    secret_changed_at timestamptz,
    created_by_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    accepted_at timestamptz,
    revoked_at timestamptz,
    organisation_id uuid NOT NULL REFERENCES organisation (id) ON DELETE RESTRICT,
    agent_id uuid NOT NULL REFERENCES account (id) ON DELETE RESTRICT
);
COMMENT ON TABLE integration_client IS
    'A platform that works for an organisation, under the responsibility of one of its persons (agent_id).';
CREATE UNIQUE INDEX integration_client_name ON integration_client (organisation_id, name) WHERE revoked_at IS NULL;
CREATE INDEX integration_client_listed ON integration_client (pool, created_at);
CREATE INDEX integration_client_agent ON integration_client (agent_id);

CREATE TABLE integration_secret (
    id uuid PRIMARY KEY,
    secret_hash varchar(64) NOT NULL,
    ending varchar(4) NOT NULL,
    created_at timestamptz NOT NULL,
    ends_at timestamptz,
    client_id uuid NOT NULL REFERENCES integration_client (id) ON DELETE RESTRICT,
    CONSTRAINT integration_secret_hash UNIQUE (secret_hash)
);
COMMENT ON TABLE integration_secret IS 'A secret with which a client logs in, as a keyed hash; ending: its last characters.';
CREATE INDEX integration_secret_client ON integration_secret (client_id);

CREATE TABLE integration_event (
    id uuid PRIMARY KEY,
    kind varchar(30) NOT NULL,
    state varchar(20) NOT NULL,
    former_state varchar(20) NOT NULL,
    happened_at timestamptz NOT NULL,
    attempts smallint NOT NULL,
    next_at timestamptz,
    delivered_at timestamptz,
    last_result varchar(60) NOT NULL,
    client_id uuid NOT NULL REFERENCES integration_client (id) ON DELETE CASCADE,
    draw_id uuid REFERENCES draw (id) ON DELETE CASCADE
);
COMMENT ON TABLE integration_event IS
    'An event for a client. Undelivered without next_at: given up. All times but delivered_at are the database''s own.';
CREATE INDEX integration_event_due ON integration_event (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX integration_event_listed ON integration_event (client_id, happened_at);
CREATE INDEX integration_event_lost ON integration_event (client_id) WHERE delivered_at IS NULL AND next_at IS NULL;
CREATE INDEX integration_event_draw ON integration_event (draw_id);

-- Beside every change of a draw's state, in its transaction, without a statement of its own: the hot path of a draw stays
-- as it is, and no road that moves a draw can forget it.
CREATE FUNCTION note_draw_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO integration_event (id, kind, state, former_state, happened_at, attempts, next_at, last_result, client_id,
        draw_id)
    SELECT gen_random_uuid(), CASE WHEN NEW.state <> OLD.state THEN 'draw.state_changed' ELSE 'draw.unsealed' END,
        NEW.state, OLD.state, clock_timestamp(), 0, clock_timestamp(), '', c.id, NEW.id
    FROM integration_client c
    WHERE c.agent_id = NEW.agent_id AND c.organisation_id = NEW.organisation_id AND c.webhook_url <> ''
        AND c.accepted_at IS NOT NULL AND c.revoked_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER draw_event AFTER UPDATE OF state, unsealed_notice_at ON draw FOR EACH ROW
    WHEN (NEW.state <> OLD.state OR OLD.unsealed_notice_at IS NULL AND NEW.unsealed_notice_at IS NOT NULL)
    EXECUTE FUNCTION note_draw_event();
