-- The configurator (seed 002, «Konfigurator»: TblConnectConfig, IDV_EC_Config). Passwords stand here sealed or not at all.

CREATE TABLE connect.connect_config (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    dn text NOT NULL DEFAULT '',
    dn_personal text NOT NULL DEFAULT 'OU=LocalProfile,OU=Lehrpersonen,OU=Accounts',
    dn_student text NOT NULL DEFAULT 'OU=Standard,OU=Lernende,OU=Accounts',
    state text,
    test_prefix text NOT NULL DEFAULT '',
    connect_api_user text,
    connect_api_password text CHECK (connect_api_password ~ '^v[0-9]+[.]'),
    sync_ad boolean NOT NULL DEFAULT true,
    sync_aad boolean NOT NULL DEFAULT false,
    ad_hostname text,
    ad_username text,
    ad_password text CHECK (ad_password ~ '^v[0-9]+[.]'),
    aad_tenant text,
    show_gender boolean NOT NULL DEFAULT false,
    restrict_functions boolean NOT NULL DEFAULT false,
    create_containers boolean NOT NULL DEFAULT true,
    class_carry_over_days integer NOT NULL DEFAULT 30 CHECK (class_carry_over_days >= 0),
    reserve_days integer NOT NULL DEFAULT 365 CHECK (reserve_days >= 30),
    display_name_follows text NOT NULL DEFAULT 'at_once' CHECK (display_name_follows IN ('at_once', 'regenerate')),
    employee_id_is_insurance_number boolean NOT NULL DEFAULT false,
    locked_by text,
    lock_reason text,
    locked_at timestamptz,

    personal_name_template text NOT NULL DEFAULT '{first_name}.{last_name}',
    personal_lead_days integer NOT NULL DEFAULT 30 CHECK (personal_lead_days >= 0),
    personal_grace_days integer NOT NULL DEFAULT 30 CHECK (personal_grace_days >= 0),
    personal_user_info smallint NOT NULL DEFAULT 0 CHECK (personal_user_info BETWEEN 0 AND 2),
    personal_user_initials boolean NOT NULL DEFAULT false,
    personal_user_title smallint NOT NULL DEFAULT 0 CHECK (personal_user_title BETWEEN 0 AND 2),
    personal_office_name smallint NOT NULL DEFAULT 0 CHECK (personal_office_name BETWEEN 0 AND 2),
    personal_ad_telephone boolean NOT NULL DEFAULT false,
    personal_aad_telephone boolean NOT NULL DEFAULT false,
    personal_aad_mobile boolean NOT NULL DEFAULT false,
    personal_primary_role boolean NOT NULL DEFAULT false,
    personal_company text,
    personal_department text,
    personal_country text NOT NULL DEFAULT 'CH' CHECK (personal_country ~ '^[A-Z]{2}$'),
    personal_language text NOT NULL DEFAULT 'de-DE',
    personal_user_type text NOT NULL DEFAULT 'Member',
    personal_password_policy smallint NOT NULL DEFAULT 3 CHECK (personal_password_policy BETWEEN 1 AND 3),
    personal_password_digits smallint NOT NULL DEFAULT 3 CHECK (personal_password_digits > 0),
    personal_password_length smallint NOT NULL DEFAULT 8 CHECK (personal_password_length >= 8),
    personal_disable_password_expiration boolean NOT NULL DEFAULT false,
    personal_force_password_change boolean NOT NULL DEFAULT true,
    personal_prevent_password_change boolean NOT NULL DEFAULT false,

    student_name_template text NOT NULL DEFAULT '{first_name}.{last_name}',
    student_lead_days integer NOT NULL DEFAULT 30 CHECK (student_lead_days >= 0),
    student_grace_days integer NOT NULL DEFAULT 30 CHECK (student_grace_days >= 0),
    student_user_info smallint NOT NULL DEFAULT 0 CHECK (student_user_info BETWEEN 0 AND 1),
    student_user_initials boolean NOT NULL DEFAULT false,
    student_office_name smallint NOT NULL DEFAULT 0 CHECK (student_office_name BETWEEN 0 AND 1),
    student_primary_role boolean NOT NULL DEFAULT false,
    student_company text,
    student_department text,
    student_country text NOT NULL DEFAULT 'CH' CHECK (student_country ~ '^[A-Z]{2}$'),
    student_language text NOT NULL DEFAULT 'de-DE',
    student_user_type text NOT NULL DEFAULT 'Member',
    student_password_policy smallint NOT NULL DEFAULT 1 CHECK (student_password_policy BETWEEN 1 AND 3),
    student_password_digits smallint NOT NULL DEFAULT 3 CHECK (student_password_digits > 0),
    student_password_length smallint NOT NULL DEFAULT 8 CHECK (student_password_length >= 8),
    student_disable_password_expiration boolean NOT NULL DEFAULT false,
    student_force_password_change boolean NOT NULL DEFAULT false,
    student_prevent_password_change boolean NOT NULL DEFAULT false,

    manual_password_policy smallint NOT NULL DEFAULT 3 CHECK (manual_password_policy BETWEEN 1 AND 3),
    manual_password_digits smallint NOT NULL DEFAULT 3 CHECK (manual_password_digits > 0),
    manual_password_length smallint NOT NULL DEFAULT 8 CHECK (manual_password_length >= 8),
    manual_disable_password_expiration boolean NOT NULL DEFAULT false,
    manual_force_password_change boolean NOT NULL DEFAULT true,
    manual_prevent_password_change boolean NOT NULL DEFAULT false,

    CHECK (lock_reason IS NULL OR locked_by IS NOT NULL),
    CHECK (NOT (personal_force_password_change AND personal_prevent_password_change)),
    CHECK (NOT (student_force_password_change AND student_prevent_password_change)),
    CHECK (NOT (manual_force_password_change AND manual_prevent_password_change))
);
INSERT INTO connect.connect_config DEFAULT VALUES;

-- Stufe 1, 2, …: which levels get accounts, and their passwords.
CREATE TABLE connect.connect_config_level (
    position smallint PRIMARY KEY CHECK (position >= 1),
    level text NOT NULL CHECK (level <> ''),
    program_years smallint[] NOT NULL DEFAULT '{}',
    last_program_year smallint,
    password_policy smallint NOT NULL DEFAULT 1 CHECK (password_policy BETWEEN 1 AND 3),
    password_digits smallint NOT NULL DEFAULT 3 CHECK (password_digits > 0),
    password_length smallint NOT NULL DEFAULT 8 CHECK (password_length >= 8),
    disable_password_expiration boolean NOT NULL DEFAULT false,
    force_password_change boolean NOT NULL DEFAULT false,
    prevent_password_change boolean NOT NULL DEFAULT false,
    CHECK (NOT (force_password_change AND prevent_password_change))
);

CREATE TABLE connect.connect_config_mandant (
    mandant_number integer PRIMARY KEY CHECK (mandant_number BETWEEN 1 AND 62), -- bits of a bigint
    student_upn_domain text NOT NULL CHECK (student_upn_domain <> ''),
    personal_upn_domain text NOT NULL CHECK (personal_upn_domain <> ''),
    student_homepage text,
    personal_homepage text
);

-- Group definitions: how the groups of a criterion are named and where they stand (below connect_config.dn).
-- A definition counts once it is switched on.
CREATE TABLE connect.connect_config_group (
    criterion text PRIMARY KEY CHECK (criterion ~ '^[a-z_]+$'),
    switched_on boolean NOT NULL DEFAULT true,
    dn text NOT NULL,
    dn_first_elem text NOT NULL,
    group_name text NOT NULL,
    display_name text NOT NULL,
    sam_account_name text NOT NULL,
    ad_type text DEFAULT 'SG' CHECK (ad_type = 'SG'),
    aad_type text CHECK (aad_type IN ('SG', 'O365', 'EDUCLASS')),
    grace_days integer CHECK (grace_days >= 0)
);
INSERT INTO connect.connect_config_group
    (criterion, switched_on, dn, dn_first_elem, group_name, display_name, sam_account_name)
VALUES
    ('all_staff', false, 'OU=Stufen,OU=Gruppen',
     '[''CN=Alle_Personal'']', '[''Personal_Alle'']', '[''Alle_Personal'']', '[''ALLE_PERS'']'),
    ('all_students', false, 'OU=Stufen,OU=Gruppen',
     '[''CN=Alle_Lernende'']', '[''Schüler_Alle'']', '[''Alle_Lernende'']', '[''ALLE_STUD'']'),
    ('students_and_teacher_per_class', false, 'OU=Klassen,OU=Gruppen',
     '[''CN=''][Mandant][''_KL_''][GebäudeKurzbezeichnung][''_''][OrganisationBezeichnung][''_''][OrganisationUntergruppe][''_''][Schuljahr]',
     '[Mandant][''_KL_''][GebäudeKurzbezeichnung][''_''][OrganisationBezeichnung][''_''][OrganisationUntergruppe][''_''][Schuljahr]',
     '[''Klasse ''][OrganisationUntergruppe]['' ''][OrganisationBezeichnung]['' ¦ ''][GebäudeBezeichnung]',
     '[''KL.''][OrganisationID]');
