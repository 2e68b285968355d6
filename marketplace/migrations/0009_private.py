"""What of an offer only its publisher and the vendor read, in a row of its own: everybody sees rows of published offers."""

import django.db.models.deletion
from django.db import migrations, models

from partnerportal.lib.tenancy import enable_row_security

STAFF = "(SELECT portal_is_vendor())"
OWN = "EXISTS (SELECT FROM marketplace_offer o WHERE o.id = offer_id AND o.publisher_id = portal_org())"
COLUMNS = "next_audience, landing_page_url, webhook_url"
# Each offer has its row from the start, and keeps it as long as it is there.
WITH_OFFER = """
CREATE FUNCTION offer_has_private_info() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO marketplace_privateinfo (offer_id, next_audience, landing_page_url, webhook_url)
        VALUES (NEW.id, 'none', '', '');
    RETURN NULL;
END $$;
CREATE TRIGGER offer_has_private_info AFTER INSERT ON marketplace_offer
    FOR EACH ROW EXECUTE FUNCTION offer_has_private_info();
ALTER TABLE marketplace_privateinfo ADD CONSTRAINT private_info_goes_with_offer FOREIGN KEY (offer_id)
    REFERENCES marketplace_offer (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0008_unpublished")]

    operations = [
        migrations.CreateModel(
            name="PrivateInfo",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "offer",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="private",
                        to="marketplace.offer",
                    ),
                ),
                (
                    "next_audience",
                    models.CharField(
                        choices=[
                            ("any", "Any partner in the CSP programme"),
                            ("specific", "Specific partners in the CSP programme I select"),
                            ("none", "No partners in the CSP programme"),
                        ],
                        default="none",
                        max_length=10,
                    ),
                ),
                ("landing_page_url", models.URLField(blank=True, max_length=500)),
                ("webhook_url", models.URLField(blank=True, max_length=500)),
            ],
        ),
        migrations.RunSQL(
            WITH_OFFER,
            """ALTER TABLE marketplace_privateinfo DROP CONSTRAINT private_info_goes_with_offer;
               DROP TRIGGER offer_has_private_info ON marketplace_offer; DROP FUNCTION offer_has_private_info()""",
        ),
        enable_row_security(
            "marketplace_privateinfo",
            using=f"{STAFF} OR {OWN}",
            check=f"({STAFF} OR {OWN}) AND (SELECT portal_is_admin())",
            grant=f"SELECT, UPDATE ({COLUMNS})",
        ),
    ]
