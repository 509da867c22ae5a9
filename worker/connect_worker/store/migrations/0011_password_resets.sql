-- A reset that somebody ordered by name and number is counted by no limit (ruling 35); one that another program ticks is.
ALTER TABLE connect.main_connect_user ADD user_password_reset_confirmed boolean NOT NULL DEFAULT false;

-- What was confirmed is over along with the reset itself, whoever ends it.
CREATE FUNCTION connect.forget_confirmation() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog
AS $$
BEGIN
    NEW.user_password_reset_confirmed := NEW.user_password_reset_confirmed AND NEW.user_config_password_reset;
    RETURN NEW;
END
$$;

CREATE TRIGGER confirmation BEFORE INSERT OR UPDATE ON connect.main_connect_user
    FOR EACH ROW EXECUTE FUNCTION connect.forget_confirmation();
