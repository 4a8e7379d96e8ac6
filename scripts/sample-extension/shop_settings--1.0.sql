CREATE TABLE setting_group (name text PRIMARY KEY, builtin boolean NOT NULL DEFAULT false);
CREATE TABLE setting (
    key text PRIMARY KEY,
    value text NOT NULL,
    in_group text NOT NULL REFERENCES setting_group
);
-- Rows that come with the extension are not dumped; rows that users added are.
INSERT INTO setting_group VALUES ('general', true);
SELECT pg_catalog.pg_extension_config_dump('setting_group', 'WHERE NOT builtin');
SELECT pg_catalog.pg_extension_config_dump('setting', '');
