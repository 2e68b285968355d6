"""Which distributors' new partners need no confirmation by vendor staff."""

from django.db import migrations, models
from django.db.models import Q

from partnerportal.lib.tenancy import allow_tenant_events

COLUMN = "onboards_partners_at_once"
# It is what vendor staff say of an organisation, like its parent. Whoever founds an organisation stores the column too,
# and the constraint leaves only the usual value to them, because people found no distributors.
KEPT = f"""
CREATE TRIGGER organization_onboarding_is_kept_by_staff BEFORE UPDATE OF {COLUMN} ON accounts_organization
    FOR EACH ROW WHEN (OLD.{COLUMN} IS DISTINCT FROM NEW.{COLUMN})
    EXECUTE FUNCTION organization_is_kept_by_staff();
GRANT INSERT ({COLUMN}), UPDATE ({COLUMN}) ON accounts_organization TO portal_app;
"""
KEPT_UNDO = f"""
REVOKE INSERT ({COLUMN}), UPDATE ({COLUMN}) ON accounts_organization FROM portal_app;
DROP TRIGGER organization_onboarding_is_kept_by_staff ON accounts_organization;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_second_factor")]

    operations = [
        migrations.AddField(
            "organization", COLUMN, models.BooleanField(db_default=False, default=False)
        ),
        migrations.AddConstraint(
            "organization",
            models.CheckConstraint(
                condition=Q(onboards_partners_at_once=False) | Q(kind="distributor"),
                name="organization_only_distributors_onboard",
            ),
        ),
        migrations.RunSQL(KEPT, KEPT_UNDO),
        allow_tenant_events(
            "accounts_onboarding",
            "distributor.onboarding_changed",
            condition="portal_is_vendor() AND portal_is_admin()",
        ),
    ]
