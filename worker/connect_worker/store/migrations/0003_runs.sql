-- Every run, every change with before and after, every finding; and what was intended before it was sent.

CREATE TABLE connect.connect_run (
    id uuid PRIMARY KEY,
    command text NOT NULL,
    "trigger" text NOT NULL,
    realm text NOT NULL,
    program_version text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    result text,
    reason text,
    exit_code smallint,
    report jsonb,
    plan_checksum text,
    CHECK ((finished_at IS NULL) = (exit_code IS NULL))
);
CREATE INDEX connect_run_started ON connect.connect_run (started_at);

CREATE TABLE connect.connect_change (
    run_id uuid NOT NULL REFERENCES connect.connect_run ON DELETE CASCADE,
    sequence integer NOT NULL CHECK (sequence > 0),
    kind text NOT NULL,
    object text,
    guid uuid,
    dn text NOT NULL,
    cause text NOT NULL,
    sentence text NOT NULL,
    before jsonb,
    after jsonb,
    result text NOT NULL CHECK (result IN ('done', 'failed', 'undeletable', 'skipped', 'not_started', 'unknown')),
    message text NOT NULL DEFAULT '',
    PRIMARY KEY (run_id, sequence)
);
CREATE INDEX connect_change_object ON connect.connect_change (object);

-- The last validation's findings; user_warning and group_warning hold the one that the seed's column shows.
CREATE TABLE connect.connect_warning (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    object text NOT NULL,
    name text NOT NULL,
    code smallint NOT NULL CHECK (code > 0),
    found text NOT NULL,
    blocks boolean NOT NULL
);
CREATE INDEX connect_warning_object ON connect.connect_warning (object);

-- Creates that were committed before they were sent; they identify an object after a crash and are never replayed.
CREATE TABLE connect.connect_intention (
    target text NOT NULL CHECK (target IN ('ad', 'aad')),
    object text NOT NULL,
    run_id uuid NOT NULL,
    sam_account_name text NOT NULL,
    dn text NOT NULL,
    intended_at timestamptz NOT NULL,
    PRIMARY KEY (target, object)
);
