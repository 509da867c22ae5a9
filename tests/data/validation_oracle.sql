-- The seed's conditions of `connect_validate` (seed 002, from «Dieser Abschnitt beschreibt die verwendete Funktion
-- „connect_validate“» on), in PostgreSQL. The tests hold the program's rules against them, record by record.
--
-- Above each condition stands the seed's own text, behind `--|`, its misprints included. What differs:
--
-- * Names in snake_case. `Mandant` is the record's mask (Mandantzahl), TblConnectConfigMandant the configured mandants.
-- * SQL Server compares by its collation, usually one that is blind to case and sharp on accents (…_CI_AS). ICU has that
--   comparison: strength «level2» leaves case out, and only case. Two things it lacks are in compared(): SQL Server's
--   `=` ignores trailing blanks, and `ß` equals `ss`.
-- * LIKE with sets, `[a-z]`, is a regular expression here: `%` is `.*`, `.` is `\.`, and the letters stand in both cases.
--   They are A to Z only: whether SQL Server counts `ü` within [a-z] hangs on the customer's collation, and no mail
--   system takes it. The same holds for RIGHT … BETWEEN, hence lower() and BETWEEN by the C collation.
-- * POWER(2, n - 1) has no counterpart that `&` would take, so the bit is shifted. POWER(2, -1) is 0 in SQL Server's
--   integers, so that 0 and negative numbers have no bit at all; here `1 << -1` would be some bit, hence the CASE.
-- * A predicate counts where it is TRUE, as WHERE has it; NULL is no hit.

CREATE COLLATION ci_as (provider = icu, locale = 'und-u-ks-level2', deterministic = false);

CREATE TABLE connect_config_mandant (mandant_nummer integer NOT NULL);

CREATE TABLE main_connect_user (
    user_id integer PRIMARY KEY,
    user_config_mandant_chosen integer,
    mandant bigint,
    user_config_dn_first_elem text,
    user_user_principal_name text,
    user_sam_account_name text,
    user_mail text,
    user_mail_alias1 text,
    user_mail_alias2 text,
    user_mail_alias3 text,
    user_mail_alias4 text,
    user_mail_alias5 text,
    is_draft boolean NOT NULL,  -- a manual user who is still being entered; not in the seed's SQL, see the UPDATEs
    user_warning integer
);

CREATE TABLE main_connect_group (
    group_id integer PRIMARY KEY,
    group_config_mandant_chosen integer,
    mandant bigint,
    group_config_dn_first_elem text,
    group_warning integer
);

CREATE FUNCTION compared(name text) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT rtrim(replace(replace(name, 'ß', 'ss'), 'ẞ', 'SS'), ' ')
$$;

CREATE FUNCTION bit_of(mandant_chosen integer) RETURNS bigint IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE WHEN mandant_chosen IS NULL THEN NULL
                WHEN mandant_chosen BETWEEN 1 AND 63 THEN 1::bigint << (mandant_chosen - 1)
                ELSE 0 END
$$;

CREATE FUNCTION address_is_valid(user_mail text) RETURNS integer IMMUTABLE LANGUAGE sql AS $$
    --| CASE WHEN
    --| UserMail LIKE '[a-z,0-9,_,-]%@[a-z,0-9,_,-]%.[a-z][a-z]%' AND
    --| UserMail NOT LIKE '%@%@%' AND
    --| CHARINDEX('.@',UserMail) = 0 AND
    --| CHARINDEX('..',UserMail) = 0 AND
    --| HARINDEX(',',UserMail) = 0 AND
    --| CHARINDEX(' ',UserMail) = 0 AND
    --| RIGHT(UserMail, 1) BETWEEN 'a' AND 'z'
    --| THEN 1 ELSE 0 END
    SELECT CASE WHEN
    user_mail ~ '^[a-zA-Z,0-9,_,-].*@[a-zA-Z,0-9,_,-].*\.[a-zA-Z][a-zA-Z].*$' AND
    user_mail NOT LIKE '%@%@%' AND
    strpos(user_mail, '.@') = 0 AND
    strpos(user_mail, '..') = 0 AND
    strpos(user_mail, ',') = 0 AND
    strpos(user_mail, ' ') = 0 AND
    lower(right(user_mail, 1) COLLATE "C") BETWEEN 'a' AND 'z'
    THEN 1 ELSE 0 END
$$;

CREATE VIEW user_finding AS
SELECT user_id,

    --| 1  Kein Mandant wurde ausgewählt
    --| MainConnectUser.UserConfigMandantChosen IS NULL AND MainConnectUser.UserWarning IS NULL
    -- (the second half of 1, 2 and 3 stands in the UPDATEs below: it is about the column, not about the record)
    (user_config_mandant_chosen IS NULL) IS TRUE AS rule_1,

    --| 2  UserConfigMandant ist nicht Teil des Mandanten
    --| (POWER(2, UserConfigMandantChosen -1 ) & Mandant ) = 0 AND MainConnectUser.UserWarning IS NULL
    ((bit_of(user_config_mandant_chosen) & mandant) = 0) IS TRUE AS rule_2,

    --| 3  Der zugewiesene Mandant ist nicht konfiguriert
    --| MainConnectUser.UserConfigMandantChosen NOT IN (SELECT MandantNummer FORM TblConnectConfigMandant)
    --| AND UserWarning is NULL
    (user_config_mandant_chosen NOT IN (SELECT mandant_nummer FROM connect_config_mandant)) IS TRUE AS rule_3,

    --| 4  Das Attribut UserConfigDNFIrstElem ist nicht eindeutig
    --| MainConnectUser.UserConfigDNFirstElem IN (select UserConfigDNFirstElem FROM MainConnectUser
    --| GROUP BY UserConfigDNFirstElem HAVING COUNT (*)>1)
    (compared(user_config_dn_first_elem) COLLATE ci_as IN (
        SELECT compared(user_config_dn_first_elem) COLLATE ci_as FROM main_connect_user
        GROUP BY 1 HAVING count(*) > 1)) IS TRUE AS rule_4,

    --| 5  UserPrincipalName ist nicht vorhanden
    --| MainConnectUser.UserUserPrincipalName IS NULL
    (user_user_principal_name IS NULL) IS TRUE AS rule_5,

    --| 6  UserSAMAccountName ist nicht vorhanden
    --| MainConnectUser.UserSAMAccountName IS NULL
    -- (and, from seed 001, «Warnungen»: «nicht vorhanden / nicht eindeutig», in the words of 4)
    (user_sam_account_name IS NULL
        OR compared(user_sam_account_name) COLLATE ci_as IN (
            SELECT compared(user_sam_account_name) COLLATE ci_as FROM main_connect_user
            GROUP BY 1 HAVING count(*) > 1)) IS TRUE AS rule_6,

    --| 7  Die zugewiesene E-Mail Adresse ist ungültig
    --| CASE WHEN … THEN 1 ELSE 0 END = 0
    (address_is_valid(user_mail) = 0) IS TRUE AS rule_7,

    --| 8  Der Mandant ist nicht vorhanden
    --| WHERE MainConnectUser.Mandant IS NULL
    (mandant IS NULL) IS TRUE AS rule_8,

    --| 9  MailAlias ungültig
    --| CASE WHEN
    --| UserAlias(1-5) LIKE '[a-z,0-9,_,-]%@[a-z,0-9,_,-]%.[a-z][a-z]%' AND
    --| UserMail NOT LIKE '%@%@%' AND
    --| CHARINDEX('.@',UserMail) = 0 AND
    -- (here the seed's page is cut off, and the rest is 7's; its UserMail is read as the alias, and an alias that is
    -- NULL is no alias: else every user without five aliases would have this warning)
    EXISTS (
        SELECT FROM unnest(ARRAY[
            user_mail_alias1, user_mail_alias2, user_mail_alias3, user_mail_alias4, user_mail_alias5]) AS user_alias
        WHERE user_alias IS NOT NULL AND address_is_valid(user_alias) = 0) AS rule_9
FROM main_connect_user;

CREATE VIEW group_finding AS
SELECT group_id,

    --| 1  Kein Mandant wurde ausgewählt
    --| MainConnectGroup.GroupConfigMandantChosen IS NULL AND MainConnectGroup.GroupWarning IS NULL
    (group_config_mandant_chosen IS NULL) IS TRUE AS rule_1,

    --| 2  GroupConfigMandant ist nicht Teil des Mandanten
    --| (POWER(2, GroupConfigMandantChosen -1 ) & Mandant ) = 0 AND MainConnectGroup.GroupWarning IS NULL
    --| AND GroupConfigMandantChosen != 0
    ((bit_of(group_config_mandant_chosen) & mandant) = 0
        AND group_config_mandant_chosen != 0) IS TRUE AS rule_2,

    --| 3  Der zugewiesene Mandant ist nicht konfiguriert
    --| MainConnectGroup.GroupConfigMandantChosen NOT IN (SELECT MandantNummer FORM TblConnectConfigMandant)
    --| AND GroupWarning is NULL AND GroupConfigMandantChosen != 0
    (group_config_mandant_chosen NOT IN (SELECT mandant_nummer FROM connect_config_mandant)
        AND group_config_mandant_chosen != 0) IS TRUE AS rule_3,

    --| 4  Das Attribut GroupConfigDNFIrstElem ist nicht eindeutig
    --| MainConnectGroup.GroupConfigDNFirstElem IN (select GroupConfigDNFirstElem FROM MainConnectGroup
    --| GROUP BY GroupConfigDNFirstElem HAVING COUNT (*)>1)
    (compared(group_config_dn_first_elem) COLLATE ci_as IN (
        SELECT compared(group_config_dn_first_elem) COLLATE ci_as FROM main_connect_group
        GROUP BY 1 HAVING count(*) > 1)) IS TRUE AS rule_4,

    --| 8  Der Mandant ist nicht vorhanden
    --| WHERE MainConnectGroup.Mandant IS NULL
    (mandant IS NULL) IS TRUE AS rule_8
FROM main_connect_group;

--| Bei jeder Validierung werden zu Beginn die Fehlertypen der Benutzer und Gruppen auf NULL gesetzt
-- Then one UPDATE after another, in the order of the seed's table. Manual users who are still being entered are left
-- out, which is not in the seed's SQL but in what the manual says of their entry.
CREATE PROCEDURE connect_validate() LANGUAGE sql AS $$
    UPDATE main_connect_user SET user_warning = NULL;
    UPDATE main_connect_user u SET user_warning = 1 FROM user_finding f
        WHERE u.user_id = f.user_id AND NOT u.is_draft AND f.rule_1 AND u.user_warning IS NULL;
    UPDATE main_connect_user u SET user_warning = 2 FROM user_finding f
        WHERE u.user_id = f.user_id AND NOT u.is_draft AND f.rule_2 AND u.user_warning IS NULL;
    UPDATE main_connect_user u SET user_warning = 3 FROM user_finding f
        WHERE u.user_id = f.user_id AND NOT u.is_draft AND f.rule_3 AND u.user_warning IS NULL;
    UPDATE main_connect_user u SET user_warning = 4 FROM user_finding f
        WHERE u.user_id = f.user_id AND NOT u.is_draft AND f.rule_4;
    UPDATE main_connect_user u SET user_warning = 5 FROM user_finding f
        WHERE u.user_id = f.user_id AND NOT u.is_draft AND f.rule_5;
    UPDATE main_connect_user u SET user_warning = 6 FROM user_finding f
        WHERE u.user_id = f.user_id AND NOT u.is_draft AND f.rule_6;
    UPDATE main_connect_user u SET user_warning = 7 FROM user_finding f
        WHERE u.user_id = f.user_id AND NOT u.is_draft AND f.rule_7;
    UPDATE main_connect_user u SET user_warning = 8 FROM user_finding f
        WHERE u.user_id = f.user_id AND NOT u.is_draft AND f.rule_8;
    UPDATE main_connect_user u SET user_warning = 9 FROM user_finding f
        WHERE u.user_id = f.user_id AND NOT u.is_draft AND f.rule_9;

    UPDATE main_connect_group SET group_warning = NULL;
    UPDATE main_connect_group g SET group_warning = 1 FROM group_finding f
        WHERE g.group_id = f.group_id AND f.rule_1 AND g.group_warning IS NULL;
    UPDATE main_connect_group g SET group_warning = 2 FROM group_finding f
        WHERE g.group_id = f.group_id AND f.rule_2 AND g.group_warning IS NULL;
    UPDATE main_connect_group g SET group_warning = 3 FROM group_finding f
        WHERE g.group_id = f.group_id AND f.rule_3 AND g.group_warning IS NULL;
    UPDATE main_connect_group g SET group_warning = 4 FROM group_finding f
        WHERE g.group_id = f.group_id AND f.rule_4;
    UPDATE main_connect_group g SET group_warning = 8 FROM group_finding f
        WHERE g.group_id = f.group_id AND f.rule_8;
$$;
