"""An index of what the portal itself has told an organisation about one thing, which the page of that thing shows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0006_waiting_mails")]

    operations = [
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("counterpart_id__isnull", False), ("organization_id__isnull", True)),
                fields=["counterpart_id", "subject_id", "-at", "-id"],
                name="event_told_about",
            ),
        ),
    ]
