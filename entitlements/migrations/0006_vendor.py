"""What the vendor's staff see and do beside trials: the feeds of its systems with their tokens, and how the channel grows."""

import uuid

import django.db.models.functions
from django.db import migrations, models

from partnerportal.lib.tenancy import (
    NOW,
    allow_tenant_events,
    build_grant_sql,
    enable_row_security,
    fill_columns_by_trigger,
    inline_policy_functions,
)

STAFF = "(SELECT portal_is_vendor())"
ADMINS = "(SELECT portal_is_vendor() AND portal_is_admin())"
OWN = "digest = portal_secret()"
OF_TOKEN = """(SELECT true FROM entitlements_ingesttoken t
    WHERE t.id = token_id AND t.digest = portal_secret() AND t.revoked_at IS NULL)"""

# Staff see which systems send files, and their Admins make and revoke the tokens. Of a token only its digest is there.
FEEDS = inline_policy_functions(f"""
ALTER POLICY tenant ON entitlements_ingesttoken USING ({OWN} OR {STAFF}) WITH CHECK ({OWN} OR {ADMINS});
ALTER POLICY tenant ON entitlements_ingestupload USING ({OF_TOKEN} OR {STAFF});
""")
FEEDS_UNDO = inline_policy_functions(f"""
ALTER POLICY tenant ON entitlements_ingestupload USING ({OF_TOKEN});
ALTER POLICY tenant ON entitlements_ingesttoken USING ({OWN}) WITH CHECK ({OWN});
""")

# People found customers, and the partners that they were invited to found. The vendor's Admins register any kind.
FOUNDED = """kind = 'customer' AND parent_id IS NULL
    OR kind = 'partner' AND founds_invited_partner(parent_id, name, country)"""
REGISTERED = f"ALTER POLICY founded_by_people ON accounts_organization WITH CHECK ({FOUNDED} OR {ADMINS})"
REGISTERED_UNDO = f"ALTER POLICY founded_by_people ON accounts_organization WITH CHECK ({FOUNDED})"

# Each row gets a value of its own, which the default of a column in Python would not give.
PUBLIC_ID = """
ALTER TABLE entitlements_ingesttoken ADD COLUMN public_id uuid NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE entitlements_ingesttoken ALTER COLUMN public_id DROP DEFAULT;
ALTER TABLE entitlements_ingesttoken ADD CONSTRAINT entitlements_ingesttoken_public_id_key UNIQUE (public_id);
"""

_before = fill_columns_by_trigger("entitlements_ingesttoken", on_change={"last_used_at": NOW})
REVOKED = "CASE WHEN portal_is_vendor() AND portal_is_admin() AND OLD.revoked_at IS NULL THEN {now} ELSE OLD.revoked_at END"


class Migration(migrations.Migration):
    dependencies = [("entitlements", "0005_moves"), ("accounts", "0013_staff")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(PUBLIC_ID, "ALTER TABLE entitlements_ingesttoken DROP COLUMN public_id")
            ],
            state_operations=[
                migrations.AddField(
                    model_name="ingesttoken",
                    name="public_id",
                    field=models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                )
            ],
        ),
        migrations.RunSQL(FEEDS, FEEDS_UNDO),
        migrations.RunSQL(REGISTERED, REGISTERED_UNDO),
        migrations.RunSQL(
            build_grant_sql("entitlements_ingesttoken", "SELECT, INSERT, UPDATE (last_used_at, revoked_at)"),
            build_grant_sql("entitlements_ingesttoken", "SELECT, UPDATE (last_used_at)"),
        ),
        migrations.RunSQL(_before.reverse_sql, _before.sql),
        fill_columns_by_trigger(
            "entitlements_ingesttoken",
            on_insert={"created_at": NOW, "last_used_at": "NULL", "revoked_at": "NULL"},
            on_change={"last_used_at": NOW, "revoked_at": REVOKED.format(now=NOW)},
        ),
        migrations.AddIndex(
            model_name="ingestupload", index=models.Index(fields=["token", "-id"], name="upload_by_token")
        ),
        allow_tenant_events(
            "entitlements_feeds",
            "feed_token.created feed_token.revoked",
            condition="portal_is_vendor() AND portal_is_admin()",
        ),
        migrations.CreateModel(
            name="ChannelMonth",
            fields=[
                ("month", models.DateField(primary_key=True, serialize=False)),
                ("distributors", models.PositiveIntegerField()),
                ("partners", models.PositiveIntegerField()),
                ("customers", models.PositiveIntegerField()),
                ("publishers", models.PositiveIntegerField()),
                ("connections", models.PositiveIntegerField()),
                ("seats", models.PositiveBigIntegerField()),
                ("written_at", models.DateTimeField(db_default=django.db.models.functions.Now())),
            ],
        ),
        enable_row_security("entitlements_channelmonth", using=STAFF, check="false"),
    ]
