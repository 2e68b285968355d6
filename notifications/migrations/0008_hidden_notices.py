"""A notice about a person is hidden from that person, whom it tells nothing new."""

from django.db import migrations, models

from partnerportal.lib.tenancy import inline_policy_functions

HIDDEN = inline_policy_functions("""
CREATE POLICY hidden_from_whom_it_is_about ON notifications_notice AS RESTRICTIVE
    USING (hidden_from_id IS NULL OR hidden_from_id IS DISTINCT FROM portal_person())
""")


class Migration(migrations.Migration):
    dependencies = [("notifications", "0007_told_about")]

    operations = [
        migrations.AddField(
            model_name="notice", name="hidden_from_id", field=models.BigIntegerField(null=True)
        ),
        migrations.RunSQL(HIDDEN, "DROP POLICY hidden_from_whom_it_is_about ON notifications_notice"),
        migrations.RemoveIndex(model_name="notice", name="notice_inbox"),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("dismissed_at", None), ("in_reach", True)),
                fields=["recipient_id", "-at", "-id"],
                include=["kind", "about_id", "hidden_from_id"],
                name="notice_inbox",
            ),
        ),
    ]
