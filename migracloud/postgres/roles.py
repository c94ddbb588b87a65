"""The three roles of MigraCloud in PostgreSQL, as SQL that may run again and again.

Decides: what each role may do by default. Not: row-level policies, which come with the tables' migrations.
"""

from string import Template
from typing import Final, Literal

Role = Literal["migracloud_owner", "migracloud_service", "migracloud_tenant"]

OWNER: Final = "migracloud_owner"
SERVICE: Final = "migracloud_service"
TENANT: Final = "migracloud_tenant"

# A role that exists keeps its password: only its attributes are set again.
_ROLES = """\
DO $$$$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['$owner', '$service', '$tenant'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I', wanted);
        END IF;
    END LOOP;
END
$$$$;
-- Owns the schema and runs the migrations; CREATEDB lets it make the tests' databases.
ALTER ROLE $owner LOGIN CREATEDB NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS;
-- What site and workers log in as. NOINHERIT: it has the tenant role's rights only after SET ROLE.
ALTER ROLE $service LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
-- What reads on behalf of a tenant switch to; nobody logs in as it.
ALTER ROLE $tenant NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
GRANT $tenant TO $service;
"""

_GRANTS = """\
ALTER DATABASE $database OWNER TO $owner;
REVOKE ALL ON DATABASE $database FROM PUBLIC;
GRANT CONNECT ON DATABASE $database TO $owner, $service;
ALTER SCHEMA public OWNER TO $owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO $service, $tenant;
-- For the tables that the owner's migrations will make. The tenant role gets its own with their policies.
ALTER DEFAULT PRIVILEGES FOR ROLE $owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO $service;
ALTER DEFAULT PRIVILEGES FOR ROLE $owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO $service;
"""


def roles_sql() -> str:
    """Makes the roles in the whole cluster. Needs a superuser; sets no password."""
    return Template(_ROLES).substitute(owner=OWNER, service=SERVICE, tenant=TENANT)


def grants_sql(database: str) -> str:
    """Gives the roles their rights in one database. Run it there, as superuser or as the database's owner."""
    return Template(_GRANTS).substitute(database=quoted(database), owner=OWNER, service=SERVICE, tenant=TENANT)


def quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def script(database: str) -> str:
    """All of it for psql, to be read and run by the administrator of a PostgreSQL of one's own."""
    create = f"CREATE DATABASE {quoted(database)} OWNER {OWNER} ENCODING 'UTF8' TEMPLATE template0"
    exists = f"SELECT FROM pg_database WHERE datname = {literal(database)}"
    return f"""\
-- The roles of MigraCloud. Run this with psql as a superuser, before the first `manage.py migrate`.
\\set ON_ERROR_STOP on
{roles_sql()}
-- The login roles have no password yet. Set one for each where logins need it (psql asks for it):
--   \\password {OWNER}
--   \\password {SERVICE}
-- which sends ALTER ROLE ... PASSWORD with the encrypted password.
SELECT {literal(create)} WHERE NOT EXISTS ({exists}) \\gexec
\\connect {quoted(database)}
{grants_sql(database)}"""
