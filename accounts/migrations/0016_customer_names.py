"""The index of the vendor's list of customers."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0015_first_admins")]

    operations = [
        migrations.AddIndex(
            model_name="organization",
            index=models.Index(
                condition=models.Q(("kind", "customer")), fields=["name_folded", "id"], name="organization_customers"
            ),
        ),
    ]
