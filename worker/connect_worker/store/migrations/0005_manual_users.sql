-- Who enters a manual user sets his status at the end («Wählen Sie den Status aktiviert»): until then he is locked out,
-- and a draft (ruling 24).
ALTER TABLE connect.main_connect_user ALTER user_status DROP DEFAULT;

CREATE OR REPLACE FUNCTION connect.set_user_source() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog
AS $$
BEGIN
    NEW.user_config_source_table := CASE NEW.user_config_type
        WHEN 'S' THEN 'source_student' WHEN 'P' THEN 'source_staff' WHEN 'M' THEN 'manual' END;
    NEW.user_status := coalesce(NEW.user_status, CASE WHEN NEW.user_config_type = 'M' THEN 1 ELSE 0 END);
    IF NEW.user_config_type = 'M' THEN
        NEW.user_config_is_generic := true;
        NEW.user_config_source_fk := NEW.id;
    END IF;
    RETURN NEW;
END
$$;

-- A membership that a person had taken out and adds again is computed by its rule again, if one yields it (ruling 19).
CREATE FUNCTION connect.leave_to_rule() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog
AS $$
BEGIN
    DELETE FROM connect.main_connect_membership m
    USING connect.main_connect_membership computed
    WHERE m.group_id = NEW.group_id AND m.user_id = NEW.user_id AND m.provenance = 'manual'
        AND computed.group_id = NEW.group_id AND computed.user_id = NEW.user_id AND computed.provenance = 'automatic';
    RETURN NULL;
END
$$;

CREATE TRIGGER added_again AFTER UPDATE OF removed_at ON connect.main_connect_membership
    FOR EACH ROW WHEN (OLD.removed_at IS NOT NULL AND NEW.removed_at IS NULL)
    EXECUTE FUNCTION connect.leave_to_rule();
