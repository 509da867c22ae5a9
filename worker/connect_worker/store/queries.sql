-- try_lock --
-- The run lock: one run a database, held by the session.
SELECT pg_try_advisory_lock($1::bigint) AS held

-- wait_for_lock --
-- Waits as long as lock_timeout allows.
SELECT pg_advisory_lock($1::bigint)

-- unlock --
SELECT pg_advisory_unlock($1::bigint)

-- lock_holder --
-- Who holds the run lock; pg_locks shows the two halves of the key.
SELECT a.application_name AS name, host(a.client_addr) AS address, a.backend_start AS since
FROM pg_locks l
JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory'
    AND l.granted
    AND l.objsubid = 1
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (l.classid::bigint << 32 | l.objid::bigint) = $1::bigint

-- schema_exists --
-- Whether schema connect and its table of versions are there.
SELECT
    to_regnamespace('connect') IS NOT NULL AS has_schema,
    to_regclass('connect.schema_version') IS NOT NULL AS has_versions

-- applied_migrations --
SELECT version, name, checksum, program_version FROM connect.schema_version ORDER BY version

-- record_migration --
INSERT INTO connect.schema_version (version, name, checksum, program_version) VALUES ($1, $2, $3, $4)

-- catalogue --
-- Types of the columns of everything in schema connect that could be a view of the contract, and whether we may read it.
SELECT
    c.relname AS view,
    a.attname AS column,
    format_type(a.atttypid, NULL) AS type,
    has_table_privilege(c.oid, 'SELECT') AS readable
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = to_regnamespace('connect')
    AND c.relname = ANY($1::text[])
    AND a.attnum > 0
    AND NOT a.attisdropped

-- config --
SELECT * FROM connect.connect_config

-- config_levels --
SELECT * FROM connect.connect_config_level ORDER BY position

-- config_mandants --
SELECT * FROM connect.connect_config_mandant ORDER BY mandant_number

-- config_groups --
SELECT * FROM connect.connect_config_group WHERE switched_on ORDER BY criterion

-- memberships --
-- One row a group; a person's removal is a manual row with removed_at.
SELECT
    group_id,
    array_agg(user_id) FILTER (WHERE provenance = 'automatic') AS automatic,
    array_agg(user_id) FILTER (WHERE provenance = 'manual' AND removed_at IS NULL) AS manual,
    array_agg(user_id) FILTER (WHERE removed_at IS NOT NULL) AS removed
FROM connect.main_connect_membership
GROUP BY group_id

-- reserved_names --
SELECT kind, name, guid, owner_type, owner_source_fk, until FROM connect.connect_reserved_name

