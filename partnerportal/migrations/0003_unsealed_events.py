"""/metrics also tells how many events wait for their seal, and since when."""

import importlib

from django.db import migrations

BEFORE = importlib.import_module("partnerportal.migrations.0002_metrics").WAITING
COUNTED = """UNION ALL SELECT 'unsealed_events', stored_at FROM notifications_unsealedevent
    ) AS undone"""


def replace(sql: str) -> str:
    """Return the statement that puts a function in the place of the one of that name."""
    return sql[: sql.index("REVOKE")].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


class Migration(migrations.Migration):
    dependencies = [("partnerportal", "0002_metrics"), ("notifications", "0005_seal")]

    operations = [migrations.RunSQL(replace(BEFORE.replace(") AS undone", COUNTED)), replace(BEFORE))]
