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

