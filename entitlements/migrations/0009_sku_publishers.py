"""Whose product a SKU is, and who reads and says it."""

import django.db.models.deletion
import uuid
from django.db import migrations, models

from partnerportal.lib.tenancy import allow_tenant_events, enable_row_security, inline_policy_functions

STAFF = "(SELECT portal_is_vendor())"
SAYS = f"""{STAFF} AND (SELECT portal_is_admin())
    AND EXISTS (SELECT FROM accounts_organization o WHERE o.id = publisher_id AND o.kind = 'publisher')"""
DELETED = """CREATE POLICY deleted_by_staff ON entitlements_skupublisher AS RESTRICTIVE FOR DELETE
             USING ((SELECT portal_is_vendor() AND portal_is_admin()))"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_requests'),
        ('entitlements', '0008_customer_facts'),
    ]

    operations = [
        migrations.CreateModel(
            name='SkuPublisher',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('publisher', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                ('sku', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='publication', to='entitlements.sku')),
            ],
            options={
                'abstract': False,
            },
        ),
        enable_row_security(
            "entitlements_skupublisher",
            using=f"publisher_id = portal_org() OR {STAFF}",
            check=SAYS,
            grant="SELECT, INSERT, UPDATE (publisher_id), DELETE",
        ),
        migrations.RunSQL(
            inline_policy_functions(DELETED), "DROP POLICY deleted_by_staff ON entitlements_skupublisher"
        ),
        allow_tenant_events("sku_publishers", "sku.publisher_removed sku.publisher_set"),
    ]
