-- What extensionAttribute1 to 15 of staff and students are filled with (seed 002, «Attribute»: individuell, offen).
-- A number without a row is the office's: what it enters into the users' columns stays.
CREATE TABLE connect.connect_config_extension_attribute (
    audience text NOT NULL CHECK (audience IN ('personal', 'student')),
    number smallint NOT NULL CHECK (number BETWEEN 1 AND 15),
    template text NOT NULL,
    PRIMARY KEY (audience, number)
);
