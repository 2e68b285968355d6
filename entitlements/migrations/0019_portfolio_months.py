"""What all customers of a viewer used together, month by month; void as soon as one of them does not share its usage."""

import django.db.models.deletion
from django.db import migrations, models

from partnerportal.lib.scopes import Scope
from partnerportal.lib.tenancy import enable_row_security

TABLE = "entitlements_portfoliomonth"
# The row is added whatever is there: one that another transaction is about to delete could not be relied on.
VOID = f"""
CREATE FUNCTION portfolio_months_become_void() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO {TABLE} (viewer_id) VALUES (OLD.viewer_id);
    RETURN NULL;
END $$;
CREATE TRIGGER portfolio_months_lose_customer AFTER DELETE ON entitlements_customerlisting
    FOR EACH ROW WHEN (OLD.scopes & {Scope.USAGE:d} > 0) EXECUTE FUNCTION portfolio_months_become_void();
CREATE TRIGGER portfolio_months_lose_consent AFTER UPDATE OF scopes ON entitlements_customerlisting
    FOR EACH ROW WHEN (OLD.scopes & {Scope.USAGE:d} > 0 AND NEW.scopes & {Scope.USAGE:d} = 0)
    EXECUTE FUNCTION portfolio_months_become_void();
"""
UNDO = """
DROP TRIGGER portfolio_months_lose_customer ON entitlements_customerlisting;
DROP TRIGGER portfolio_months_lose_consent ON entitlements_customerlisting;
DROP FUNCTION portfolio_months_become_void();
"""


class Migration(migrations.Migration):
    dependencies = [("entitlements", "0018_vacuum_paid_licences"), ("accounts", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="PortfolioMonth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField(null=True)),
                ("sharing", models.PositiveIntegerField(db_default=0)),
                ("customers", models.PositiveIntegerField(db_default=0)),
                ("purchased", models.PositiveBigIntegerField(db_default=0)),
                ("assigned", models.PositiveBigIntegerField(db_default=0)),
                ("newly_assigned", models.PositiveBigIntegerField(db_default=0)),
                ("monthly_active", models.PositiveBigIntegerField(db_default=0)),
                (
                    "viewer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("viewer", "month"), name="portfolio_month_once")],
            },
        ),
        enable_row_security(TABLE, using="viewer_id = portal_org()", check="false"),
        migrations.RunSQL(VOID, UNDO),
    ]
