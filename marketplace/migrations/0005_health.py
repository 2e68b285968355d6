"""Health issues of offers with their reports, and whose rows are seen."""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.db import migrations, models

from partnerportal.lib.tenancy import NOW, allow_tenant_events, enable_row_security, fill_columns_by_trigger

STAFF = "(SELECT portal_is_vendor())"
PUBLISHED = "EXISTS (SELECT FROM marketplace_offer o WHERE o.id = offer_id AND o.live_version_id IS NOT NULL)"
OF_ISSUE = "EXISTS (SELECT FROM marketplace_healthissue i WHERE i.id = issue_id AND {condition})"
OWN = "publisher_id = portal_org() AND (SELECT portal_is_admin())"
COPIED = """CREATE TRIGGER publisher_is_copied BEFORE INSERT ON marketplace_healthissue
            FOR EACH ROW EXECUTE FUNCTION publisher_is_copied()"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_requests'),
        ('marketplace', '0004_resellers'),
    ]

    operations = [
        migrations.CreateModel(
            name='HealthIssue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('kind', models.CharField(choices=[('outage', 'Outage'), ('degradation', 'Degraded performance'), ('maintenance', 'Planned maintenance')], max_length=12)),
                ('began_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('reported_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('cleared_at', models.DateTimeField(blank=True, null=True)),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='health_issues', to='marketplace.offer')),
                ('publisher', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='HealthReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(max_length=2000)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('issue', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='marketplace.healthissue')),
            ],
        ),
        enable_row_security(
            "marketplace_healthissue",
            using=f"publisher_id = portal_org() OR {STAFF} OR (SELECT portal_is_reseller()) AND {PUBLISHED}",
            check=OWN,
            grant="SELECT, INSERT, UPDATE (cleared_at)",
        ),
        enable_row_security(
            "marketplace_healthreport",
            using=OF_ISSUE.format(condition="true"),
            check=OF_ISSUE.format(condition=f"i.{OWN} AND i.cleared_at IS NULL"),
            grant="SELECT, INSERT",
        ),
        migrations.RunSQL(COPIED, "DROP TRIGGER publisher_is_copied ON marketplace_healthissue"),
        fill_columns_by_trigger(
            "marketplace_healthissue",
            on_insert={"reported_at": NOW, "cleared_at": "NULL"},
            on_change={"cleared_at": NOW},
        ),
        fill_columns_by_trigger("marketplace_healthreport", on_insert={"at": NOW}),
        allow_tenant_events("marketplace_health", "health.cleared health.reported health.updated"),
    ]
