ALTER TABLE remuneration
    ADD CHECK (state IN ('proposed', 'disputed', 'confirmed', 'assumed', 'paid')),
    ADD CHECK (amount >= 0),
    ADD CHECK ((state = 'proposed') = (answer_until IS NOT NULL)),
    ADD CHECK ((state = 'paid') = (paid_on IS NOT NULL)),
    ADD CHECK (version >= 1 AND disputes >= 0);
