"""How many users are not billed, where the vendor's feed says it: of a day, and of a customer's latest report."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("entitlements", "0022_past_moments")]

    operations = [
        migrations.AddField("usageday", "free_users", models.PositiveIntegerField(null=True)),
        migrations.AddField("customerusage", "free_users", models.PositiveBigIntegerField(null=True)),
    ]
