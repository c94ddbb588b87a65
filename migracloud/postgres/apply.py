"""Makes the roles, the database and the grants in a PostgreSQL, as its superuser.

Decides: the order, and what is left alone because it is there. Not: the SQL itself (roles.py).
"""

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from migracloud.postgres.roles import OWNER, grants_sql, roles_sql


def apply_roles(superuser: str, database: str) -> None:
    """`superuser` is a libpq URL to any database of the server. Running it again changes nothing."""
    with psycopg.connect(superuser, autocommit=True, connect_timeout=10) as connection:
        connection.execute(roles_sql())
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [database]).rowcount:
            create = sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0")
            connection.execute(create.format(sql.Identifier(database), sql.Identifier(OWNER)))
    with psycopg.connect(make_conninfo(superuser, dbname=database), connect_timeout=10) as connection:
        connection.execute(grants_sql(database))
