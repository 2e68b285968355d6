"""The table of mails about accounts, into which the web role writes by a function alone.

Whoever asks for a code is not signed in yet: they may read no mail, nor write one with a time of their choice.
"""

from django.db import migrations, models
from django.db.models.functions import Now

from partnerportal.lib.tenancy import enable_row_security

FUNCTION = """
CREATE FUNCTION queue_secret_mail(sealed text) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO notifications_secretmail (sealed) VALUES (queue_secret_mail.sealed) $$;
REVOKE EXECUTE ON FUNCTION queue_secret_mail(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION queue_secret_mail(text) TO portal_app;
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0003_erasure")]

    operations = [
        migrations.CreateModel(
            name="SecretMail",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sealed", models.CharField(max_length=50000)),
                ("created_at", models.DateTimeField(db_default=Now())),
                ("leased_until", models.DateTimeField(null=True)),
            ],
            options={"indexes": [models.Index(fields=["created_at"], name="secret_mails_by_age")]},
        ),
        enable_row_security("notifications_secretmail", using="false"),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION queue_secret_mail(text)"),
    ]
