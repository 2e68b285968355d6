"""The words of a domain’s state are plainer; nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0018_search_keys"),
    ]

    operations = [
        migrations.AlterField(
            model_name="organizationdomain",
            name="state",
            field=models.CharField(
                choices=[("open", "Not verified yet"), ("proved", "Verified"), ("lapsed", "Lapsed")],
                default="open",
                max_length=8,
            ),
        ),
    ]
