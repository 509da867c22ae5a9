-- What the safety gate stopped, and who let it through (ruling 36). `gate`: whether the update was stopped, for the
-- people who would leave the scope, or the sync, for its plan.

CREATE TABLE connect.connect_plan (
    checksum text PRIMARY KEY CHECK (checksum ~ '^sha256:[0-9a-f]{64}$'),
    gate text NOT NULL CHECK (gate IN ('scope', 'plan')),
    run_id uuid REFERENCES connect.connect_run ON DELETE SET NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    excesses text[] NOT NULL,
    gated jsonb NOT NULL
);

CREATE TABLE connect.connect_approval (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    checksum text NOT NULL REFERENCES connect.connect_plan,
    approved_by text NOT NULL CHECK (approved_by <> ''),
    comment text,
    approved_at timestamptz NOT NULL DEFAULT now(),
    used_by uuid REFERENCES connect.connect_run ON DELETE SET NULL,
    used_at timestamptz
);
CREATE INDEX connect_approval_checksum ON connect.connect_approval (checksum);
CREATE INDEX connect_approval_used_by ON connect.connect_approval (used_by);
