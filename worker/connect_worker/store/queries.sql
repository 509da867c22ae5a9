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
SELECT
    c.*,
    ARRAY(SELECT w.code FROM connect.connect_config_warning w WHERE w.blocks = 'object') AS relaxed_warnings
FROM connect.connect_config c

-- directory_login --
SELECT ad_hostname, ad_username, ad_password FROM connect.connect_config

-- config_levels --
SELECT * FROM connect.connect_config_level ORDER BY position

-- config_mandants --
SELECT * FROM connect.connect_config_mandant ORDER BY mandant_number

-- config_groups --
SELECT * FROM connect.connect_config_group WHERE switched_on ORDER BY criterion

-- config_extension_attributes --
SELECT * FROM connect.connect_config_extension_attribute

-- notes --
-- Of the findings, those that only an update can make.
SELECT object, code, found FROM connect.connect_warning WHERE code = ANY($1::smallint[]) ORDER BY id

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

-- take_overs --
-- What is still to be taken over from before Connect.
SELECT
    migration_type, source_fk, user_guid, refusal,
    array_remove(ARRAY[alias1, alias2, alias3, alias4, alias5], NULL) AS aliases
FROM connect.connect_migration
WHERE taken_over_at IS NULL
ORDER BY migration_type, source_fk

-- settle_take_overs --
-- Taken over, or refused with a reason; a row that somebody changes at this moment waits for the next run.
UPDATE connect.connect_migration m
SET taken_over_at = CASE WHEN t.is_done THEN now() END, refusal = t.refusal
FROM unnest($1::text[], $2::bigint[], $3::uuid[], $4::boolean[], $5::text[])
    AS t (type, source_fk, guid, is_done, refusal)
WHERE m.migration_type = t.type
    AND m.source_fk = t.source_fk
    AND m.user_guid IS NOT DISTINCT FROM t.guid
    AND m.taken_over_at IS NULL

-- keep_versions --
-- For this transaction: what Connect writes back is no change that others must notice (see set_row_version).
SELECT set_config('connect.keep_version', 'on', true)

-- number_again --
-- Ends keep_versions within its transaction.
SELECT set_config('connect.keep_version', 'off', true)

-- remove_users --
DELETE FROM connect.main_connect_user u
USING unnest($1::bigint[], $2::bigint[]) AS r (id, version)
WHERE u.id = r.id AND u."timestamp" = r.version

-- remove_groups --
DELETE FROM connect.main_connect_group g
USING unnest($1::bigint[], $2::bigint[]) AS r (id, version)
WHERE g.id = r.id AND g."timestamp" = r.version

-- remove_memberships --
DELETE FROM connect.main_connect_membership m
USING unnest($1::bigint[], $2::bigint[], $3::text[]) AS r (group_id, user_id, provenance)
WHERE m.group_id = r.group_id AND m.user_id = r.user_id AND m.provenance = r.provenance

-- add_memberships --
-- A user or group that somebody deletes at this moment is waited for, then left out; what somebody has done meanwhile
-- stands.
INSERT INTO connect.main_connect_membership (group_id, user_id, provenance, removed_at)
SELECT g.id, u.id, a.provenance, CASE WHEN a.removed THEN now() END
FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::boolean[]) AS a (group_id, user_id, provenance, removed)
JOIN connect.main_connect_group g ON g.id = a.group_id
JOIN connect.main_connect_user u ON u.id = a.user_id
FOR KEY SHARE OF g, u
ON CONFLICT DO NOTHING

-- remove_reserved_names --
DELETE FROM connect.connect_reserved_name n
USING unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::bigint[], $6::date[])
    AS r (kind, name, guid, owner_type, owner_source_fk, until)
WHERE n.kind = r.kind
    AND n.name = r.name
    AND n.guid IS NOT DISTINCT FROM r.guid
    AND n.owner_type IS NOT DISTINCT FROM r.owner_type
    AND n.owner_source_fk IS NOT DISTINCT FROM r.owner_source_fk
    AND n.until IS NOT DISTINCT FROM r.until

-- add_reserved_names --
INSERT INTO connect.connect_reserved_name (kind, name, guid, owner_type, owner_source_fk, until)
SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::bigint[], $6::date[])

-- forget_findings --
DELETE FROM connect.connect_warning

-- show_user_warnings --
-- Everybody's warning becomes the one given, or NULL.
UPDATE connect.main_connect_user u
SET user_warning = w.code
FROM connect.main_connect_user o
LEFT JOIN unnest($1::text[], $2::bigint[], $3::smallint[]) AS w (type, source_fk, code)
    ON w.type = o.user_config_type AND w.source_fk = o.user_config_source_fk
WHERE u.id = o.id AND u.user_warning IS DISTINCT FROM w.code

-- show_group_warnings --
UPDATE connect.main_connect_group g
SET group_warning = w.code
FROM connect.main_connect_group o
LEFT JOIN unnest($1::text[], $2::integer[], $3::bigint[], $4::text[], $5::smallint[])
    AS w (rule, mandant, source_fk, level, code)
    ON w.rule = o.group_config_rule
    AND w.mandant = o.group_config_rule_mandant
    AND w.source_fk = o.group_config_source_fk
    AND w.level = o.group_config_rule_level
WHERE g.id = o.id AND g.group_warning IS DISTINCT FROM w.code

-- settle_users --
-- Facts always, flags only while the row has the version that was read; returns those whose flags were left.
UPDATE connect.main_connect_user u
SET
    user_object_guid = CASE WHEN NOT s.unlinked THEN coalesce(s.guid, u.user_object_guid) END,
    user_password_set_at = CASE WHEN NOT s.unlinked THEN coalesce(s.password_set_at, u.user_password_set_at) END,
    user_disabled_since = CASE
        WHEN NOT (s.unlinked OR s.enabled) THEN coalesce(s.disabled_since, u.user_disabled_since) END,
    user_config_delete = CASE
        WHEN u.user_status = 2 THEN greatest(u.user_config_delete, s.delete_on) ELSE u.user_config_delete END,
    user_config_has_changed =
        u.user_config_has_changed AND NOT (s.clear_has_changed AND u."timestamp" = s.version),
    user_config_password_reset =
        u.user_config_password_reset AND NOT (s.clear_password_reset AND u."timestamp" = s.version),
    user_password_change_denied =
        NOT s.unlinked AND coalesce(s.password_change_denied, u.user_password_change_denied),
    user_config_regenerate_names =
        u.user_config_regenerate_names AND NOT (s.clear_regenerate_names AND u."timestamp" = s.version)
FROM unnest(
    $1::text[], $2::bigint[], $3::bigint[], $4::uuid[], $5::timestamptz[], $6::date[], $7::date[],
    $8::boolean[], $9::boolean[], $10::boolean[], $11::boolean[], $12::boolean[], $13::boolean[]
) AS s (
    type, source_fk, version, guid, password_set_at, disabled_since, delete_on,
    enabled, clear_has_changed, clear_password_reset, password_change_denied, clear_regenerate_names, unlinked
)
WHERE u.user_config_type = s.type AND u.user_config_source_fk = s.source_fk
RETURNING
    u.user_config_type,
    u.user_config_source_fk,
    (s.clear_has_changed OR s.clear_password_reset) AND u."timestamp" <> s.version AS is_left

-- settle_groups --
UPDATE connect.main_connect_group g
SET
    group_object_guid = CASE WHEN NOT s.unlinked THEN coalesce(s.guid, g.group_object_guid) END,
    group_disabled_since = CASE
        WHEN NOT (s.unlinked OR s.enabled) THEN coalesce(s.disabled_since, g.group_disabled_since) END,
    group_config_delete = CASE
        WHEN g.group_status = 2 THEN greatest(g.group_config_delete, s.delete_on) ELSE g.group_config_delete END,
    group_config_has_changed =
        g.group_config_has_changed AND NOT (s.clear_has_changed AND g."timestamp" = s.version)
FROM unnest(
    $1::text[], $2::integer[], $3::bigint[], $4::text[], $5::bigint[], $6::uuid[], $7::date[], $8::date[],
    $9::boolean[], $10::boolean[], $11::boolean[]
) AS s (
    rule, mandant, source_fk, level, version, guid, disabled_since, delete_on,
    enabled, clear_has_changed, unlinked
)
WHERE g.group_config_rule = s.rule
    AND g.group_config_rule_mandant = s.mandant
    AND g.group_config_source_fk = s.source_fk
    AND g.group_config_rule_level = s.level
RETURNING
    g.group_config_rule,
    g.group_config_rule_mandant,
    g.group_config_source_fk,
    g.group_config_rule_level,
    s.clear_has_changed AND g."timestamp" <> s.version AS is_left

-- forget_users --
-- Only who still goes; returned are those whom somebody wants back meanwhile: their rows stay.
WITH given AS (
    SELECT u.id, u.user_config_type, u.user_config_source_fk, u.user_status IN (2, 3) AS goes
    FROM connect.main_connect_user u
    JOIN unnest($1::text[], $2::bigint[]) AS r (type, source_fk)
        ON u.user_config_type = r.type AND u.user_config_source_fk = r.source_fk
    FOR UPDATE OF u
), forgotten AS (
    DELETE FROM connect.main_connect_user u USING given WHERE u.id = given.id AND given.goes
)
SELECT user_config_type, user_config_source_fk FROM given WHERE NOT goes

-- forget_groups --
WITH given AS (
    SELECT
        g.id, g.group_config_rule, g.group_config_rule_mandant, g.group_config_source_fk, g.group_config_rule_level,
        g.group_status IN (2, 3) AS goes
    FROM connect.main_connect_group g
    JOIN unnest($1::text[], $2::integer[], $3::bigint[], $4::text[]) AS r (rule, mandant, source_fk, level)
        ON g.group_config_rule = r.rule
        AND g.group_config_rule_mandant = r.mandant
        AND g.group_config_source_fk = r.source_fk
        AND g.group_config_rule_level = r.level
    FOR UPDATE OF g
), forgotten AS (
    DELETE FROM connect.main_connect_group g USING given WHERE g.id = given.id AND given.goes
)
SELECT group_config_rule, group_config_rule_mandant, group_config_source_fk, group_config_rule_level
FROM given WHERE NOT goes

-- forget_intentions --
-- The objects are linked, or gone: nothing is left to recognise.
DELETE FROM connect.connect_intention WHERE target = 'ad' AND object = ANY($1::text[])

-- write_intentions --
INSERT INTO connect.connect_intention (target, object, run_id, sam_account_name, dn, intended_at)
SELECT 'ad', i.object, $1, i.sam_account_name, i.dn, i.intended_at
FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[]) AS i (object, sam_account_name, dn, intended_at)
ON CONFLICT (target, object) DO UPDATE SET
    run_id = excluded.run_id,
    sam_account_name = excluded.sam_account_name,
    dn = excluded.dn,
    intended_at = excluded.intended_at

-- read_intentions --
SELECT object, sam_account_name, dn, intended_at
FROM connect.connect_intention
WHERE target = 'ad'
ORDER BY object

-- start_run --
INSERT INTO connect.connect_run (id, command, "trigger", realm, program_version, day) VALUES ($1, $2, $3, $4, $5, $6)

-- finish_run --
UPDATE connect.connect_run
SET finished_at = now(), result = $2, reason = $3, exit_code = $4, report = $5::jsonb, plan_checksum = $6
WHERE id = $1

-- recent_acts --
-- What the safety gate may count of the days from $1 to $2.
SELECT
    c.kind,
    c.cause,
    c.object,
    ARRAY(SELECT m ->> 'key' FROM jsonb_array_elements(c.before -> 'members') AS m) AS members
FROM connect.connect_run r
JOIN connect.connect_change c ON c.run_id = r.id
WHERE r.day BETWEEN $1 AND $2
    AND c.kind = ANY($3::text[])
    AND c.result = 'done'
    AND (c.kind NOT LIKE 'create%' OR c.cause = 'deleted_by_hand')
    AND NOT EXISTS (
        -- A person knew of it: of the whole plan, or of those who left the scope.
        SELECT FROM connect.connect_approval a JOIN connect.connect_plan p USING (checksum)
        WHERE a.used_by = r.id AND (p.gate = 'plan' OR (c.kind = 'disable' AND c.cause = 'out_of_scope'))
    )

-- keep_plan --
-- The same plan may be stopped night after night.
INSERT INTO connect.connect_plan (checksum, gate, run_id, excesses, gated) VALUES ($1, $2, $3, $4, $5::jsonb)
ON CONFLICT (checksum) DO UPDATE SET
    gate = excluded.gate, run_id = excluded.run_id, made_at = now(), excesses = excluded.excesses

-- kept_plan --
-- Whether a plan is older than $2, and which run has used an approval of it since it was made. A run that did not end
-- well has not: what it left may be approved again, as each try of a Kubernetes Job does.
SELECT
    p.made_at,
    p.made_at <= now() - $2::interval AS is_old,
    a.used_at,
    a.used_by,
    a.approved_by
FROM connect.connect_plan p
LEFT JOIN (
    connect.connect_approval a LEFT JOIN connect.connect_run r ON r.id = a.used_by
) ON a.checksum = p.checksum AND a.used_at >= p.made_at AND (r.id IS NULL OR r.result = 'done')
WHERE p.checksum = $1
ORDER BY a.used_at DESC
LIMIT 1

-- approve --
INSERT INTO connect.connect_approval (checksum, approved_by, comment) VALUES ($1, $2, $3)

-- approvals --
-- Those that are neither used nor older than $1, the latest first.
SELECT a.checksum, p.gate, p.gated, a.approved_by, a.approved_at
FROM connect.connect_approval a
JOIN connect.connect_plan p USING (checksum)
WHERE a.used_at IS NULL AND a.approved_at > now() - $1::interval
ORDER BY a.id DESC

-- use_approvals --
UPDATE connect.connect_approval SET used_by = $1, used_at = now()
WHERE checksum = ANY($2::text[]) AND used_at IS NULL

-- last_sequence --
SELECT coalesce(max(sequence), 0) AS sequence FROM connect.connect_change WHERE run_id = $1

-- rights --
-- What the role may do; NULL where the schema is not there.
SELECT
    current_setting('server_version') AS server_version,
    has_database_privilege(current_database(), 'CREATE') AS may_create_schema,
    has_database_privilege(current_database(), 'TEMPORARY') AS may_create_temporary,
    has_schema_privilege(to_regnamespace('connect')::oid, 'CREATE') AS may_create_tables


-- settings_columns --
-- The columns of connect_config and its sister tables, in their order, with what the database fills in.
SELECT
    c.relname AS "table",
    a.attname AS name,
    format_type(a.atttypid, NULL) AS type,
    NOT a.attnotnull AS nullable,
    pg_get_expr(d.adbin, d.adrelid) AS "default",
    a.attnum = ANY(coalesce(k.conkey, '{}')) AND c.relname <> $1 AS in_key
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
WHERE c.relnamespace = to_regnamespace('connect')
    AND c.relkind = 'r'
    AND (c.relname = $1 OR starts_with(c.relname, $1 || '_'))
ORDER BY c.relname, a.attnum

-- settings_conditions --
-- What the tables ask of each of their rows.
SELECT c.relname AS "table", pg_get_expr(k.conbin, k.conrelid) AS condition
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
WHERE c.relnamespace = to_regnamespace('connect') AND c.relname = ANY($1::text[]) AND k.contype = 'c'
ORDER BY c.relname, k.conname
