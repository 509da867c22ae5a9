-- A school's administration as one might find it, in tables of its own making (German, as its office speaks),
-- and the contract that Connect reads: the views connect.source_*, columns named like the fields of model/person.py.
-- Drops and makes everything anew; that nothing foreign is dropped is checked before this is sent.

CREATE SCHEMA IF NOT EXISTS connect;

DROP VIEW IF EXISTS connect.source_student, connect.source_staff, connect.source_class, connect.source_building,
    connect.source_function, connect.source_staff_function, connect.source_mandant, connect.source_school_year;
DROP SCHEMA IF EXISTS administration CASCADE;
CREATE SCHEMA administration;

-- The mark of the sample: whoever finds it may make everything anew, and can tell which school this is.
CREATE TABLE administration.sample_school (
    pupils     integer NOT NULL,
    seed       integer NOT NULL,
    made_for   date    NOT NULL,
    base_dn    text    NOT NULL
);

CREATE TABLE administration.mandant (
    mandant_id   integer PRIMARY KEY,
    kuerzel      text NOT NULL,
    bezeichnung  text
);

CREATE TABLE administration.schuljahr (
    schuljahr_id integer PRIMARY KEY,
    bezeichnung  text NOT NULL,
    beginn       date NOT NULL,
    ende         date NOT NULL,
    mandant_id   integer REFERENCES administration.mandant
);

CREATE TABLE administration.gebaeude (
    gebaeude_id     integer PRIMARY KEY,
    bezeichnung     text NOT NULL,
    kurzbezeichnung text,
    strasse         text,
    plz             text,
    ort             text,
    leitung_id      integer
);

CREATE TABLE administration.funktion (
    funktion_id             integer PRIMARY KEY,
    bezeichnung             text NOT NULL,
    connect_beruecksichtigt boolean NOT NULL
);

CREATE TABLE administration.personal (
    personal_id       integer PRIMARY KEY,
    vorname           text NOT NULL,
    nachname          text NOT NULL,
    kurzzeichen       text,
    login             text,
    ahv_nummer        text,
    eintritt          date,
    austritt          date,
    eintritt_fiktiv   date,
    beruf             text,
    telefon_geschaeft text,
    natel             text,
    vertretungsinfo   text,
    gebaeude_id       integer REFERENCES administration.gebaeude,
    zimmer            text,
    hauptfunktion_id  integer REFERENCES administration.funktion,
    nebenfunktion_id  integer REFERENCES administration.funktion,
    mandantzahl       bigint NOT NULL,
    zeilenversion     bigint NOT NULL DEFAULT 1
);

CREATE TABLE administration.anstellung (
    personal_id integer NOT NULL REFERENCES administration.personal ON DELETE CASCADE,
    reihenfolge integer NOT NULL,
    gebaeude_id integer NOT NULL REFERENCES administration.gebaeude,
    PRIMARY KEY (personal_id, reihenfolge)
);

CREATE TABLE administration.weitere_funktion (
    personal_id integer NOT NULL REFERENCES administration.personal ON DELETE CASCADE,
    funktion_id integer NOT NULL REFERENCES administration.funktion,
    PRIMARY KEY (personal_id, funktion_id)
);

CREATE TABLE administration.organisation (
    organisation_id integer PRIMARY KEY,
    bezeichnung     text NOT NULL,
    untergruppe     text,
    stufe           text,
    programmjahr    integer,
    schuljahr_id    integer NOT NULL REFERENCES administration.schuljahr,
    gebaeude_id     integer REFERENCES administration.gebaeude,
    zimmer          text,
    mandantzahl     bigint NOT NULL
);

-- Reihenfolge 1 is «Lehrperson 1».
CREATE TABLE administration.lehrauftrag (
    organisation_id integer NOT NULL REFERENCES administration.organisation ON DELETE CASCADE,
    reihenfolge     integer NOT NULL,
    personal_id     integer NOT NULL REFERENCES administration.personal,
    PRIMARY KEY (organisation_id, reihenfolge)
);

CREATE TABLE administration.lernende (
    lernende_id             integer PRIMARY KEY,
    vorname                 text NOT NULL,
    nachname                text NOT NULL,
    kurzzeichen             text,
    login                   text,
    ahv_nummer              text,
    eintritt                date,
    austritt                date,
    eintritt_fiktiv         date,
    geburtsdatum            date,
    geschlecht              text,
    organisation_id         integer REFERENCES administration.organisation,
    organisation_geplant_id integer REFERENCES administration.organisation,
    programmjahr            integer,
    mandantzahl             bigint NOT NULL,
    zeilenversion           bigint NOT NULL DEFAULT 1
);

CREATE FUNCTION administration.zeile_geaendert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.zeilenversion := OLD.zeilenversion + 1;
    RETURN NEW;
END $$;

CREATE TRIGGER zeilenversion BEFORE UPDATE ON administration.personal
    FOR EACH ROW EXECUTE FUNCTION administration.zeile_geaendert();
CREATE TRIGGER zeilenversion BEFORE UPDATE ON administration.lernende
    FOR EACH ROW EXECUTE FUNCTION administration.zeile_geaendert();

CREATE VIEW connect.source_student AS
SELECT lernende_id             AS id,
       vorname                 AS first_name,
       nachname                AS last_name,
       kurzzeichen             AS short_code,
       login                   AS login,
       ahv_nummer              AS insurance_number,
       eintritt                AS entry_on,
       austritt                AS exit_on,
       eintritt_fiktiv         AS fictive_entry_on,
       geburtsdatum            AS birth_on,
       geschlecht              AS gender,
       organisation_id         AS class_id,
       organisation_geplant_id AS planned_class_id,
       programmjahr            AS program_year,
       mandantzahl             AS mandants,
       zeilenversion::text     AS row_version
  FROM administration.lernende;

CREATE VIEW connect.source_staff AS
SELECT personal.personal_id                          AS id,
       vorname                                       AS first_name,
       nachname                                      AS last_name,
       kurzzeichen                                   AS short_code,
       login                                         AS login,
       ahv_nummer                                    AS insurance_number,
       eintritt                                      AS entry_on,
       austritt                                      AS exit_on,
       eintritt_fiktiv                               AS fictive_entry_on,
       beruf                                         AS profession,
       telefon_geschaeft                             AS business_phone,
       natel                                         AS mobile_phone,
       vertretungsinfo                               AS substitution_text,
       gebaeude_id                                   AS building_id,
       zimmer                                        AS room,
       coalesce(anstellungen.gebaeude, '{}'::int[])  AS employment_building_ids,
       hauptfunktion_id                              AS main_function_id,
       nebenfunktion_id                              AS secondary_function_id,
       mandantzahl                                   AS mandants,
       zeilenversion::text                           AS row_version
  FROM administration.personal
  LEFT JOIN (SELECT personal_id, array_agg(gebaeude_id ORDER BY reihenfolge) AS gebaeude
               FROM administration.anstellung GROUP BY personal_id) AS anstellungen USING (personal_id);

CREATE VIEW connect.source_class AS
SELECT organisation.organisation_id               AS id,
       bezeichnung                                AS name,
       untergruppe                                AS subgroup,
       stufe                                      AS level,
       programmjahr                               AS program_year,
       schuljahr_id                               AS school_year_id,
       gebaeude_id                                AS building_id,
       zimmer                                     AS room,
       lehrperson_1                               AS main_teacher_id,
       coalesce(weitere_lehrpersonen, '{}'::int[]) AS further_teacher_ids,
       mandantzahl                                AS mandants
  FROM administration.organisation
  LEFT JOIN (SELECT organisation_id,
                    max(personal_id) FILTER (WHERE reihenfolge = 1)                         AS lehrperson_1,
                    array_agg(personal_id ORDER BY reihenfolge) FILTER (WHERE reihenfolge > 1) AS weitere_lehrpersonen
               FROM administration.lehrauftrag GROUP BY organisation_id) AS auftraege USING (organisation_id);

CREATE VIEW connect.source_building AS
SELECT gebaeude_id     AS id,
       bezeichnung     AS name,
       kurzbezeichnung AS short_name,
       strasse         AS street,
       plz             AS postal_code,
       ort             AS city,
       leitung_id      AS head_staff_id
  FROM administration.gebaeude;

CREATE VIEW connect.source_function AS
SELECT funktion_id             AS id,
       bezeichnung             AS name,
       connect_beruecksichtigt AS counts_for_connect
  FROM administration.funktion;

CREATE VIEW connect.source_staff_function AS
SELECT personal_id AS staff_id,
       funktion_id AS function_id
  FROM administration.weitere_funktion;

CREATE VIEW connect.source_mandant AS
SELECT mandant_id  AS number,
       kuerzel     AS short_name,
       bezeichnung AS company
  FROM administration.mandant;

CREATE VIEW connect.source_school_year AS
SELECT schuljahr_id AS id,
       bezeichnung  AS name,
       beginn       AS starts_on,
       ende         AS ends_on,
       mandant_id   AS mandant
  FROM administration.schuljahr;
