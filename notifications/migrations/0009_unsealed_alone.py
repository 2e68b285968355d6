"""The queue of events that wait for their seal is read by one process, as it is short.

A burst of events leaves its index long. PostgreSQL then takes the queue for long too, and starts processes to read it
every two seconds, whose time those miss who write meanwhile.
"""

from django.db import migrations

ALONE = "ALTER TABLE notifications_unsealedevent SET (parallel_workers = 0)"
UNDO = "ALTER TABLE notifications_unsealedevent RESET (parallel_workers)"


class Migration(migrations.Migration):
    dependencies = [("notifications", "0008_hidden_notices")]

    operations = [migrations.RunSQL(ALONE, UNDO)]
