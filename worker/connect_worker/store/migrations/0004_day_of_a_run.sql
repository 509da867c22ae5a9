-- The day that a run works for: the safety gate sums up what a week's runs have taken away.
ALTER TABLE connect.connect_run ADD COLUMN day date NOT NULL DEFAULT CURRENT_DATE;
UPDATE connect.connect_run SET day = started_at::date;
CREATE INDEX connect_run_day ON connect.connect_run (day);
