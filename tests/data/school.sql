-- The smallest administration that fulfils the contract: one table for each view, columns named alike.
CREATE SCHEMA school;

CREATE TABLE school.student (
    id integer, first_name varchar(60), last_name text, short_code text, login text, insurance_number text,
    entry_on timestamp, exit_on date, fictive_entry_on date, birth_on date, gender char(1), class_id integer,
    planned_class_id integer, program_year smallint, mandants bigint, row_version xid DEFAULT '7'
);
CREATE TABLE school.staff (
    id integer, first_name text, last_name text, short_code text, login text, insurance_number text, entry_on date,
    exit_on date, fictive_entry_on date, profession text, business_phone text, mobile_phone text,
    substitution_text text, building_id integer, room text, employment_building_ids integer[],
    main_function_id integer, secondary_function_id integer, mandants bigint
);
CREATE TABLE school.class (
    id integer, name text, subgroup text, level text, program_year smallint, school_year_id integer,
    building_id integer, room text, main_teacher_id integer, further_teacher_ids bigint[], mandants bigint
);
CREATE TABLE school.building (
    id integer, name text, short_name text, street text, postal_code text, city text, head_staff_id integer
);
CREATE TABLE school.function (id integer, name text, counts_for_connect boolean);
CREATE TABLE school.staff_function (staff_id integer, function_id integer);
CREATE TABLE school.mandant (number smallint, short_name text, company text);
CREATE TABLE school.school_year (id integer, name text, starts_on date, ends_on date, mandant integer);

CREATE VIEW connect.source_student AS SELECT * FROM school.student;
CREATE VIEW connect.source_staff AS SELECT * FROM school.staff;
CREATE VIEW connect.source_class AS SELECT * FROM school.class;
CREATE VIEW connect.source_building AS SELECT * FROM school.building;
CREATE VIEW connect.source_function AS SELECT * FROM school.function;
CREATE VIEW connect.source_staff_function AS SELECT * FROM school.staff_function;
CREATE VIEW connect.source_mandant AS SELECT * FROM school.mandant;
CREATE VIEW connect.source_school_year AS SELECT * FROM school.school_year;
GRANT SELECT ON ALL TABLES IN SCHEMA connect TO connect_worker;

INSERT INTO school.mandant VALUES (1, 'HO', 'Schule Hofen'), (2, 'BE', NULL);
INSERT INTO school.school_year VALUES (26, '2026/27', '2026-08-01', '2027-07-31', NULL);
INSERT INTO school.building VALUES (3, 'Schulhaus Dorf', 'DO', 'Dorfstrasse 1', '8000', 'Hofen', 11);
INSERT INTO school.function VALUES (5, 'Schulleitung', true), (6, 'Hauswart', false);
INSERT INTO school.staff (id, first_name, last_name, building_id, employment_building_ids, main_function_id, mandants)
    VALUES (11, 'Rea', 'Graf', 3, '{3,4}', 5, 1), (12, 'Urs', 'Frei', NULL, NULL, NULL, 3);
INSERT INTO school.staff_function VALUES (11, 6), (12, 6);
INSERT INTO school.class VALUES (21, '3a', NULL, 'Primar', 3, 26, 3, 'Z 4', 11, '{12}', 1);
INSERT INTO school.student (id, first_name, last_name, entry_on, birth_on, gender, class_id, program_year, mandants)
    VALUES (31, 'Léa', 'Müller', '2026-08-17 23:30', '2017-03-04', 'w', 21, 3, 1);

UPDATE connect.connect_config SET dn = 'DC=school,DC=test';
INSERT INTO connect.connect_config_mandant (mandant_number, student_upn_domain, personal_upn_domain)
    VALUES (1, 'stud.school.test', 'school.test');
INSERT INTO connect.connect_config_level (position, level, program_years, password_policy)
    VALUES (1, 'Primar', '{1,2,3}', 1), (2, 'Primar', '{}', 2);
UPDATE connect.connect_config_group SET switched_on = true
WHERE criterion IN ('all_students', 'students_and_teacher_per_class');
