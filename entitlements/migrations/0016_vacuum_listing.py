"""The table of customers is vacuumed, because adding the column of searches has rewritten it.

Until it is, PostgreSQL knows of no page that everybody sees all of, reads the rows where the index would do, and a
search takes several times as long. Autovacuum comes only after many rows have changed.
"""

from django.db import migrations


class Migration(migrations.Migration):
    atomic = False  # VACUUM runs in no transaction

    dependencies = [("entitlements", "0015_search")]

    operations = [migrations.RunSQL("VACUUM ANALYZE entitlements_customerlisting", migrations.RunSQL.noop)]
