"""Mails about accounts without a code or link wait for those with one."""

from django.db import migrations, models

FUNCTION = """
DROP FUNCTION queue_secret_mail(text);
CREATE FUNCTION queue_secret_mail(sealed text, can_wait boolean DEFAULT false) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO notifications_secretmail (sealed, can_wait)
    VALUES (queue_secret_mail.sealed, queue_secret_mail.can_wait) $$;
REVOKE EXECUTE ON FUNCTION queue_secret_mail(text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION queue_secret_mail(text, boolean) TO portal_app;
"""
UNDO = """
DROP FUNCTION queue_secret_mail(text, boolean);
CREATE FUNCTION queue_secret_mail(sealed text) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO notifications_secretmail (sealed) VALUES (queue_secret_mail.sealed) $$;
REVOKE EXECUTE ON FUNCTION queue_secret_mail(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION queue_secret_mail(text) TO portal_app;
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0005_seal")]

    operations = [
        migrations.AddField(
            model_name="secretmail", name="can_wait", field=models.BooleanField(db_default=False)
        ),
        migrations.RunSQL(FUNCTION, UNDO),
    ]
