"""Whether a person has done or dismissed the first steps in an organisation. Who is there already needs none."""

import django.contrib.postgres.fields
from django.db import migrations, models

PAST = """
UPDATE accounts_person p SET past_first_steps = ARRAY(
    SELECT organization_id FROM accounts_operator o WHERE o.person_id = p.id ORDER BY 1)
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0015_standing")]

    operations = [
        migrations.AddField(
            model_name="person",
            name="past_first_steps",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), blank=True, default=list, editable=False, size=None
            ),
        ),
        migrations.RunSQL(
            "GRANT INSERT (past_first_steps), UPDATE (past_first_steps) ON accounts_person TO portal_app",
            "REVOKE INSERT (past_first_steps), UPDATE (past_first_steps) ON accounts_person FROM portal_app",
        ),
        migrations.RunSQL(PAST, migrations.RunSQL.noop),
    ]
