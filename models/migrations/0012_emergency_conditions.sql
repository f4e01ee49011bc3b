-- A condition of a draw may ask for emergency experts alone.

ALTER TABLE draw_condition ADD COLUMN emergency boolean NOT NULL DEFAULT false;
