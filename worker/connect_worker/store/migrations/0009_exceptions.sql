-- Warnings that the customer lets hold up their own record only; one that is not listed blocks everything.
CREATE TABLE connect.connect_config_warning (
    code smallint PRIMARY KEY CHECK (code BETWEEN 1 AND 9),
    blocks text NOT NULL DEFAULT 'everything' CHECK (blocks IN ('everything', 'object'))
);

-- DNs or login names of accounts and groups that are never touched, whatever the tables say.
ALTER TABLE connect.connect_config ADD COLUMN protected_objects text[] NOT NULL DEFAULT '{}';
