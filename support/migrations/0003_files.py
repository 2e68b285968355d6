"""Files of requests: seen by who sees the request, attached while its fields may be edited or with one's own message."""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.db import migrations, models

import partnerportal.lib.fields
from partnerportal.lib.tenancy import NOW, enable_row_security, fill_columns_by_trigger

OF_SEEN = "(SELECT true FROM support_request r WHERE r.id = request_id)"
OF_OWN = """EXISTS (SELECT FROM support_request r
    WHERE r.id = request_id AND r.organization_id = portal_org() AND r.state IN ({states}))"""
OF_OWN_MESSAGE = """EXISTS (SELECT FROM support_requestmessage m JOIN support_request r ON r.id = m.request_id
    WHERE m.id = message_id AND m.request_id = support_requestfile.request_id AND m.organization_id = portal_org()
      AND r.state IN ('submitted', 'needs_information'))"""
ATTACHED = f"""(SELECT portal_is_admin()) AND CASE
    WHEN message_id IS NULL THEN {OF_OWN.format(states="'draft', 'needs_information'")} ELSE {OF_OWN_MESSAGE} END"""


class Migration(migrations.Migration):

    dependencies = [
        ('support', '0002_policies'),
    ]

    operations = [
        migrations.CreateModel(
            name='RequestFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', partnerportal.lib.fields.OneLineModelField(max_length=120)),
                ('content_type', models.CharField(max_length=100)),
                ('size', models.PositiveIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('message', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='files', to='support.requestmessage')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='support.request')),
            ],
            options={
                'abstract': False,
            },
        ),
        enable_row_security(
            "support_requestfile", using=OF_SEEN, check=ATTACHED, grant="SELECT, INSERT, DELETE"
        ),
        migrations.RunSQL(
            f"""CREATE POLICY removed_from_drafts ON support_requestfile AS RESTRICTIVE FOR DELETE
                USING ((SELECT portal_is_admin()) AND {OF_OWN.format(states="'draft'")})""",
            "DROP POLICY removed_from_drafts ON support_requestfile",
        ),
        fill_columns_by_trigger("support_requestfile", on_insert={"created_at": NOW}),
    ]
