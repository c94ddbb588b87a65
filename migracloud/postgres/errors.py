"""What goes wrong between MigraCloud and its PostgreSQL before Django has a connection.

Decides: the type. Not: the words, which name the cause and the way out where it is raised.
"""


class DatabaseError(Exception):
    """PostgreSQL cannot be had. The message says why and what to do."""
