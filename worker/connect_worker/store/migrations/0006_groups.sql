-- The level as a part of a group's identity, and all eleven definitions of the configurator (seed 002, «Gruppenbildung»).

ALTER TABLE connect.main_connect_group
    ADD COLUMN group_config_rule_level text NOT NULL DEFAULT '',
    DROP CONSTRAINT main_connect_group_source,
    ADD CONSTRAINT main_connect_group_source
        UNIQUE (group_config_rule, group_config_rule_mandant, group_config_source_fk, group_config_rule_level);

-- No news for a directory: the rows keep their versions.
SET LOCAL connect.keep_version = 'on';
UPDATE connect.main_connect_group
SET group_config_source_table = 'No-Table-' || group_config_rule
WHERE group_config_source_table = 'none';
SET LOCAL connect.keep_version = 'off';

-- Whoever has entered a definition already keeps it.
INSERT INTO connect.connect_config_group
    (criterion, switched_on, dn, dn_first_elem, group_name, display_name, sam_account_name)
VALUES
    ('staff_and_students_per_building', false, 'OU=Schulhaus,OU=Gruppen',
     '[''CN=''][''SR''][''_SH_''][GebäudeKurzbezeichnung]',
     '[''SR''][''_SH_''][GebäudeKurzbezeichnung]',
     '[''Schulhaus ''][GebäudeBezeichnung]',
     '[''SR''][''.SH.''][GebäudeID]'),
    ('staff_per_mandant', false, 'OU=Stufen,OU=Gruppen',
     '[''CN=''][Mandant][''_Personal'']',
     '[Mandant][''_Personal'']',
     '[''Alles Personal ''][Mandant]',
     '[Mandant][''_PERS'']'),
    ('staff_per_mandant_and_function', false, 'OU=Funktionen,OU=Gruppen',
     '[''CN=''][Mandant][''_FN_''][FUNKTION]',
     '[Mandant][''_FN_''][FUNKTION]',
     '[''Funktion ''][FUNKTION]['' ¦ ''][Mandant]',
     '[Mandant][''_FN_''][FUNKTION]'),
    ('staff_per_building', false, 'OU=Schulhaus,OU=Gruppen',
     '[''CN=''][Mandant][''_SH_Personal_''][GebäudeKurzbezeichnung]',
     '[Mandant][''_SH_Personal_''][GebäudeKurzbezeichnung]',
     '[''Alles Personal ''][GebäudeBezeichnung]',
     '[Mandant][''.SH_PERS.''][GebäudeID]'),
    ('staff_per_building_and_level', false, 'OU=Schulhaus,OU=Gruppen',
     '[''CN=''][Mandant][''_SH_Personal_''][GebäudeKurzbezeichnung][''_''][Stufe]',
     '[Mandant][''_SH_Personal_''][GebäudeKurzbezeichnung][''_''][Stufe]',
     '[''Alles Personal ''][GebäudeBezeichnung]['' ¦ ''][Stufe]',
     '[Mandant][''.SH_PERS.''][GebäudeID][''.''][StufeID]'),
    ('students_per_mandant', false, 'OU=Stufen,OU=Gruppen',
     '[''CN=''][Mandant][''_Lernende'']',
     '[Mandant][''_Lernende'']',
     '[''Alle Lernende ''][Mandant]',
     '[Mandant][''_STUD'']'),
    ('students_per_building', false, 'OU=Schulhaus,OU=Gruppen',
     '[''CN=''][Mandant][''_SH_Lernende_''][GebäudeKurzbezeichnung]',
     '[Mandant][''_SH_Lernende_''][GebäudeKurzbezeichnung]',
     '[''Alle Lernende ''][GebäudeBezeichnung]',
     '[Mandant][''.SH_STUD.''][GebäudeID]'),
    ('students_per_building_and_level', false, 'OU=Schulhaus,OU=Gruppen',
     '[''CN=''][Mandant][''_SH_Lernende_''][GebäudeKurzbezeichnung][''_''][Stufe]',
     '[Mandant][''_SH_Lernende_''][GebäudeKurzbezeichnung][''_''][Stufe]',
     '[''Alle Lernende ''][GebäudeBezeichnung]['' ¦ ''][Stufe]',
     '[Mandant][''.SH_STUD.''][GebäudeID][''.''][StufeID]')
ON CONFLICT (criterion) DO NOTHING;
