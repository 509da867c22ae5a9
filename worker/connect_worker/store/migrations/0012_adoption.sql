-- The first sync into a directory that has accounts already (ruling 40).

-- May objects without row be adopted, and do they get Connect's names then?
ALTER TABLE connect.connect_config
    ADD COLUMN adoption boolean NOT NULL DEFAULT false,
    ADD COLUMN rename_at_adoption boolean NOT NULL DEFAULT false;

-- Why the last update could not take the row over.
ALTER TABLE connect.connect_migration ADD COLUMN refusal text;

-- Whose an object is, by its employeeID: nobody gets a second account beside it.
ALTER TABLE connect.connect_reserved_name DROP CONSTRAINT connect_reserved_name_kind_check;
ALTER TABLE connect.connect_reserved_name ADD CONSTRAINT connect_reserved_name_kind_check
    CHECK (kind IN ('address', 'sam', 'dn_first_element', 'employee_id'));
