"""Drafts that are discarded, and the reasons of stops, which the publisher and the vendor alone see."""

import django.db.models.deletion
from django.db import migrations, models

from partnerportal.lib.tenancy import NOW, allow_tenant_events, enable_row_security, fill_columns_by_trigger

STAFF = "(SELECT portal_is_vendor())"
STOP = """EXISTS (SELECT FROM marketplace_salestop s JOIN marketplace_offer o ON o.id = s.offer_id
          WHERE s.id = stop_id AND {condition})"""
OWN = "o.publisher_id = portal_org()"
WRITES = "(SELECT portal_is_admin())"
# A draft goes while a published version stays; its row of channel information goes with it, and before it.
DRAFT = f"""number IS NULL AND {WRITES} AND EXISTS (SELECT FROM marketplace_offer o
    WHERE o.id = offer_id AND {OWN} AND o.live_version_id IS NOT NULL)"""
CHANNEL = f"""{WRITES} AND EXISTS (SELECT FROM marketplace_offerversion v JOIN marketplace_offer o ON o.id = v.offer_id
    WHERE v.id = version_id AND v.number IS NULL AND {OWN} AND o.live_version_id IS NOT NULL)"""


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0006_files")]

    operations = [
        migrations.AddField("offer", "last_discarded", models.PositiveIntegerField(default=0)),
        migrations.RunSQL(
            "GRANT INSERT (last_discarded), UPDATE (last_discarded) ON marketplace_offer TO portal_app",
            "REVOKE INSERT (last_discarded), UPDATE (last_discarded) ON marketplace_offer FROM portal_app",
        ),
        migrations.AddField("plan", "published_at", models.DateTimeField(null=True, blank=True)),
        fill_columns_by_trigger(
            "marketplace_plan", on_insert={"published_at": "NULL"}, on_change={"published_at": NOW}
        ),
        migrations.RunSQL(
            "GRANT INSERT (published_at), UPDATE (published_at) ON marketplace_plan TO portal_app",
            "REVOKE INSERT (published_at), UPDATE (published_at) ON marketplace_plan FROM portal_app",
        ),
        *(
            migrations.RunSQL(
                f"""GRANT DELETE ON marketplace_{table} TO portal_app;
                    CREATE POLICY discarded_by_its_publisher ON marketplace_{table} AS RESTRICTIVE FOR DELETE
                    USING ({condition})""",
                f"""DROP POLICY discarded_by_its_publisher ON marketplace_{table};
                    REVOKE DELETE ON marketplace_{table} FROM portal_app""",
            )
            for table, condition in (("offerversion", DRAFT), ("channelinfo", CHANNEL))
        ),
        migrations.CreateModel(
            name="StopReason",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(max_length=500)),
                (
                    "stop",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stop_reason",
                        to="marketplace.salestop",
                    ),
                ),
            ],
        ),
        enable_row_security(
            "marketplace_stopreason",
            using=f"{STAFF} OR {STOP.format(condition=OWN)}",
            check=f"{WRITES} AND {STOP.format(condition=f'({OWN} OR {STAFF}) AND s.by_vendor = {STAFF}')}",
            grant="SELECT, INSERT",
        ),
        allow_tenant_events("offer_drafts", "offer.draft_discarded"),
    ]
