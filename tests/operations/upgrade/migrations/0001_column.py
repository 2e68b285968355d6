from django.db import migrations


class Migration(migrations.Migration):
    """A column and an index on tables that every page reads, and a table of its own."""

    dependencies = []
    operations = [
        migrations.RunSQL("ALTER TABLE accounts_organization ADD COLUMN of_the_upgrade text NOT NULL DEFAULT ''"),
        migrations.RunSQL("CREATE INDEX of_the_upgrade ON accounts_organization (of_the_upgrade)"),
        migrations.RunSQL("CREATE TABLE upgrade_rows AS SELECT n FROM generate_series(1, 100000) n"),
    ]
