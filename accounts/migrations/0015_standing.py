"""What the standing of an organisation never is, whoever writes it: the vendor suspended, a partner below no distributor."""

from django.db import migrations, models
from django.db.models import Q

# That only partners have an organisation above them says a constraint already. As no distributor has one, nobody stands
# above themselves. The function has its definer's rights, because who founds an invited partner does not see the
# distributor's row.
PARENT = """
CREATE FUNCTION organization_is_below_a_distributor() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM accounts_organization WHERE id = NEW.parent_id AND kind = 'distributor') THEN
        RAISE EXCEPTION 'only distributors stand above others: this violates organization_parent_is_distributor'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'organization_parent_is_distributor',
                  TABLE = 'accounts_organization';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER organization_is_below_a_distributor BEFORE INSERT OR UPDATE OF parent_id ON accounts_organization
    FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION organization_is_below_a_distributor();
"""
PARENT_UNDO = """
DROP TRIGGER organization_is_below_a_distributor ON accounts_organization;
DROP FUNCTION organization_is_below_a_distributor();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0014_operator_invitations")]

    operations = [
        migrations.AddConstraint(
            "organization",
            models.CheckConstraint(
                condition=~Q(kind="vendor", state="suspended"), name="organization_vendor_takes_part"
            ),
        ),
        migrations.RunSQL(PARENT, PARENT_UNDO),
    ]
