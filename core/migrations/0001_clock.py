"""What every table stands on: the extension for exclusion constraints, and the one clock that leases are judged by."""

from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations

CREATE_CLOCK = """
CREATE FUNCTION control_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';
COMMENT ON FUNCTION control_now() IS
    'The clock of leases, rests, due times and deadlines. Tests shift it by replacing this function.';
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        BtreeGistExtension(),
        migrations.RunSQL(CREATE_CLOCK, "DROP FUNCTION control_now()"),
    ]
