"""The table of customers is vacuumed again, because counting paid licences has written many of its rows anew."""

from django.db import migrations


class Migration(migrations.Migration):
    atomic = False  # VACUUM runs in no transaction

    dependencies = [("entitlements", "0017_paid_licences")]

    operations = [migrations.RunSQL("VACUUM ANALYZE entitlements_customerlisting", migrations.RunSQL.noop)]
