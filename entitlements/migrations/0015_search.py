"""A search of customers reads one column, in which name, web domain and ORGID stand."""

from django.db import migrations, models
from django.db.models import Value
from django.db.models.functions import Concat


class Migration(migrations.Migration):
    dependencies = [("accounts", "0018_search_keys"), ("entitlements", "0014_renewal_work")]

    operations = [
        migrations.AddField(
            "customerlisting",
            "search",
            models.GeneratedField(
                db_persist=True,
                expression=Concat("name_folded", Value(" "), "website", Value(" "), "org_id"),
                output_field=models.TextField(),
            ),
        ),
        migrations.RemoveIndex("customerlisting", "listing_name_folded"),
        migrations.AddIndex(
            "customerlisting",
            models.Index(
                fields=["viewer", "name_folded", "customer"], include=["search"], name="listing_name_folded"
            ),
        ),
    ]
