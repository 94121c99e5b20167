-- Companies, their fields, and which contacts belong to which.

ALTER TABLE fields ADD COLUMN object TEXT NOT NULL DEFAULT 'contact';

-- The names of the fields of companies are theirs from now on.
UPDATE fields SET alias = 'own_' || substr(alias, 8) WHERE deleted_at IS NULL AND alias IN ('companyname', 'companyemail', 'companyphone', 'companywebsite', 'companyaddress1', 'companyaddress2', 'companycity', 'companystate', 'companyzipcode', 'companycountry', 'companynumber_of_employees', 'companyfax', 'companyannual_revenue', 'companyindustry', 'companydescription');

-- The fields that every company starts with (hg_core::contacts::default_company_fields).
INSERT INTO fields (created_at, updated_at, object, alias, label, kind, field_group, position, column_name, required, is_unique, short_visible, fixed, char_limit, properties) VALUES
    (0, 0, 'company', 'companyname', 'Company name', 'text', 'core', 1, 'companyname', 1, 1, 1, 1, 191, '{}'),
    (0, 0, 'company', 'companyemail', 'Company email', 'email', 'core', 2, 'companyemail', 0, 0, 1, 1, 191, '{}'),
    (0, 0, 'company', 'companyphone', 'Phone', 'phone', 'core', 3, 'companyphone', 0, 0, 1, 1, 191, '{}'),
    (0, 0, 'company', 'companywebsite', 'Website', 'url', 'core', 4, 'companywebsite', 0, 0, 1, 1, 191, '{}'),
    (0, 0, 'company', 'companyaddress1', 'Address line 1', 'text', 'core', 5, 'companyaddress1', 0, 0, 0, 1, 191, '{}'),
    (0, 0, 'company', 'companyaddress2', 'Address line 2', 'text', 'core', 6, 'companyaddress2', 0, 0, 0, 1, 191, '{}'),
    (0, 0, 'company', 'companycity', 'City', 'text', 'core', 7, 'companycity', 0, 0, 1, 1, 191, '{}'),
    (0, 0, 'company', 'companystate', 'State', 'region', 'core', 8, 'companystate', 0, 0, 0, 1, 191, '{}'),
    (0, 0, 'company', 'companyzipcode', 'Postal code', 'text', 'core', 9, 'companyzipcode', 0, 0, 0, 1, 191, '{}'),
    (0, 0, 'company', 'companycountry', 'Country', 'country', 'core', 10, 'companycountry', 0, 0, 1, 1, 191, '{}'),
    (0, 0, 'company', 'companynumber_of_employees', 'Number of employees', 'number', 'professional', 11, 'companynumber_of_employees', 0, 0, 0, 0, 191, '{}'),
    (0, 0, 'company', 'companyfax', 'Fax', 'phone', 'professional', 12, 'companyfax', 0, 0, 0, 0, 191, '{}'),
    (0, 0, 'company', 'companyannual_revenue', 'Annual revenue', 'number', 'professional', 13, 'companyannual_revenue', 0, 0, 0, 0, 191, '{"scale":2}'),
    (0, 0, 'company', 'companyindustry', 'Industry', 'select', 'professional', 14, 'companyindustry', 0, 0, 0, 0, 191, '{"options":[{"label":"Aerospace","value":"Aerospace"},{"label":"Agriculture","value":"Agriculture"},{"label":"Apparel","value":"Apparel"},{"label":"Automotive","value":"Automotive"},{"label":"Banking","value":"Banking"},{"label":"Biotechnology","value":"Biotechnology"},{"label":"Chemicals","value":"Chemicals"},{"label":"Communications","value":"Communications"},{"label":"Construction","value":"Construction"},{"label":"Consulting","value":"Consulting"},{"label":"Education","value":"Education"},{"label":"Electronics","value":"Electronics"},{"label":"Energy","value":"Energy"},{"label":"Engineering","value":"Engineering"},{"label":"Entertainment","value":"Entertainment"},{"label":"Environment","value":"Environment"},{"label":"Finance","value":"Finance"},{"label":"Food and beverage","value":"Food and beverage"},{"label":"Government","value":"Government"},{"label":"Health care","value":"Health care"},{"label":"Hospitality","value":"Hospitality"},{"label":"Insurance","value":"Insurance"},{"label":"Legal","value":"Legal"},{"label":"Logistics","value":"Logistics"},{"label":"Machinery","value":"Machinery"},{"label":"Manufacturing","value":"Manufacturing"},{"label":"Media","value":"Media"},{"label":"Non-profit","value":"Non-profit"},{"label":"Pharmaceuticals","value":"Pharmaceuticals"},{"label":"Real estate","value":"Real estate"},{"label":"Recreation","value":"Recreation"},{"label":"Retail","value":"Retail"},{"label":"Software","value":"Software"},{"label":"Technology","value":"Technology"},{"label":"Telecommunications","value":"Telecommunications"},{"label":"Transport","value":"Transport"},{"label":"Travel","value":"Travel"},{"label":"Utilities","value":"Utilities"},{"label":"Other","value":"Other"}]}'),
    (0, 0, 'company', 'companydescription', 'Description', 'long_text', 'professional', 15, 'companydescription', 0, 0, 0, 0, 191, '{}');

CREATE TABLE companies (
    id                         @id,
    version                    BIGINT NOT NULL DEFAULT 1,
    created_at                 BIGINT NOT NULL,
    updated_at                 BIGINT NOT NULL,
    deleted_at                 BIGINT,
    created_by                 BIGINT,
    owner_id                   BIGINT,
    score                      BIGINT NOT NULL DEFAULT 0,
    published                  BIGINT NOT NULL DEFAULT 1,
    -- Normalised for uniqueness; folded for searching and sorting.
    k_companyname              TEXT,
    name_fold                  TEXT,
    companyname                TEXT,
    companyemail               TEXT,
    companyphone               TEXT,
    companywebsite             TEXT,
    companyaddress1            TEXT,
    companyaddress2            TEXT,
    companycity                TEXT,
    companystate               TEXT,
    companyzipcode             TEXT,
    companycountry             TEXT,
    companynumber_of_employees DOUBLE PRECISION,
    companyfax                 TEXT,
    companyannual_revenue      DOUBLE PRECISION,
    companyindustry            TEXT,
    companydescription         TEXT,
    overflow                   @json
);
CREATE UNIQUE INDEX companies_k_companyname ON companies (k_companyname) WHERE deleted_at IS NULL AND k_companyname IS NOT NULL;
CREATE INDEX companies_name ON companies (name_fold, id) WHERE deleted_at IS NULL;
CREATE INDEX companies_score ON companies (score, id) WHERE deleted_at IS NULL;
CREATE INDEX companies_owner ON companies (owner_id) WHERE owner_id IS NOT NULL;

-- was_primary: it was the primary one until the company was deleted, and is again when the company comes back.
CREATE TABLE contact_companies (
    contact_id  BIGINT NOT NULL,
    company_id  BIGINT NOT NULL,
    is_primary  BIGINT NOT NULL DEFAULT 0,
    was_primary BIGINT NOT NULL DEFAULT 0,
    added_at    BIGINT NOT NULL,
    PRIMARY KEY (contact_id, company_id)
);
CREATE INDEX contact_companies_company ON contact_companies (company_id, contact_id);
CREATE UNIQUE INDEX contact_companies_primary ON contact_companies (contact_id) WHERE is_primary = 1;

-- The id of a company that was merged goes on leading to the survivor.
CREATE TABLE company_merges (
    loser_id  BIGINT PRIMARY KEY,
    winner_id BIGINT NOT NULL,
    name      TEXT,
    merged_at BIGINT NOT NULL
);
CREATE INDEX company_merges_winner ON company_merges (winner_id);

-- What happened to a company: kind is created, score, contact_added, contact_removed or merged.
CREATE TABLE company_log (
    id         @id,
    company_id BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    kind       TEXT NOT NULL,
    contact_id BIGINT,
    actor      TEXT NOT NULL,
    detail     @json
);
CREATE INDEX company_log_company ON company_log (company_id, id);
