"""The words of how a partner came into an audience are plainer; nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0012_search_keys"),
    ]

    operations = [
        migrations.AlterField(
            model_name="audiencechange",
            name="source",
            field=models.CharField(
                choices=[
                    ("selected", "Selected by the publisher"),
                    ("imported", "Imported from a file"),
                    ("api", "Added by API"),
                    ("resold", "Had already sold the offer"),
                ],
                default="selected",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="authorization",
            name="source",
            field=models.CharField(
                choices=[
                    ("selected", "Selected by the publisher"),
                    ("imported", "Imported from a file"),
                    ("api", "Added by API"),
                    ("resold", "Had already sold the offer"),
                ],
                max_length=10,
            ),
        ),
    ]
