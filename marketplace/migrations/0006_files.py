"""Files of offers, and whose are seen: what is live, and of that documents by resellers alone."""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.db import migrations, models

import partnerportal.lib.fields
from partnerportal.lib.tenancy import NOW, enable_row_security, fill_columns_by_trigger

STAFF = "(SELECT portal_is_vendor())"
OWN = "EXISTS (SELECT FROM marketplace_offer o WHERE o.id = offer_id AND o.publisher_id = portal_org())"
SEEN = "is_live AND portal_org() IS NOT NULL AND (kind IN ('logo', 'screenshot') OR (SELECT portal_is_reseller()))"
# What was published stays what it was, and readers of older versions still find it.
FIXED = """
CREATE FUNCTION published_file_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'this violates that a file of a published version is kept' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER published_file_is_kept BEFORE DELETE ON marketplace_offerfile FOR EACH ROW
    WHEN (OLD.published_in IS NOT NULL) EXECUTE FUNCTION published_file_is_kept();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('marketplace', '0005_health'),
    ]

    operations = [
        migrations.CreateModel(
            name='OfferFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', partnerportal.lib.fields.OneLineModelField(max_length=120)),
                ('content_type', models.CharField(max_length=100)),
                ('size', models.PositiveIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('kind', models.CharField(choices=[('logo', 'Logo'), ('screenshot', 'Screenshot'), ('sales', 'Sales material'), ('support', 'Support material'), ('training', 'Training material')], max_length=10)),
                ('published_in', models.PositiveIntegerField(blank=True, null=True)),
                ('is_live', models.BooleanField(default=False)),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='marketplace.offer')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.RunSQL(
            FIXED,
            """DROP TRIGGER published_file_is_kept ON marketplace_offerfile; DROP FUNCTION published_file_is_kept()""",
        ),
        enable_row_security(
            "marketplace_offerfile",
            using=f"{OWN} OR {STAFF} OR {SEEN}",
            check=f"{OWN} AND (SELECT portal_is_admin())",
            grant="SELECT, INSERT, UPDATE (published_in, is_live), DELETE",
        ),
        migrations.RunSQL(
            f"""CREATE POLICY deleted_by_its_publisher ON marketplace_offerfile AS RESTRICTIVE FOR DELETE
                USING ({OWN} AND (SELECT portal_is_admin()))""",
            "DROP POLICY deleted_by_its_publisher ON marketplace_offerfile",
        ),
        fill_columns_by_trigger("marketplace_offerfile", on_insert={"created_at": NOW}),
    ]
