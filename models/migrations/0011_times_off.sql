-- Times in which an expert is not drawn may be weekly, or last until the expert says otherwise.

ALTER TABLE unavailability
    ALTER COLUMN ends_at DROP NOT NULL,
    ADD COLUMN weekdays smallint[] NOT NULL DEFAULT '{}',
    ADD COLUMN from_minute smallint,
    ADD COLUMN to_minute smallint,
    ADD COLUMN holiday varchar(20) NOT NULL DEFAULT '',
    ADD COLUMN remind_at timestamptz,
    ADD CONSTRAINT unavailability_weekly CHECK (
        CASE WHEN cardinality(weekdays) = 0 THEN from_minute IS NULL AND to_minute IS NULL
        ELSE weekdays <@ ARRAY[1, 2, 3, 4, 5, 6, 7]::smallint[]
            AND coalesce(0 <= from_minute AND from_minute < to_minute AND to_minute <= 1440, FALSE) END);
ALTER TABLE unavailability ALTER COLUMN weekdays DROP DEFAULT;
CREATE INDEX unavailability_reminder ON unavailability (remind_at) WHERE remind_at IS NOT NULL AND cancelled_at IS NULL;
