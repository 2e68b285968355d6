"""An activation link founds one partner, for its addressee, and starts one trial; tokens of feeds are made by staff."""

from importlib import import_module

from django.db import migrations, models
from django.db.models import Q

from partnerportal.lib.tenancy import restrict_tenant_events

BY_LINK: str = import_module("entitlements.migrations.0011_trials_by_link").BY_LINK

# The link's row says for whom it has done its work, in the same transaction: nobody has to close it for that.
ONCE = BY_LINK.replace("AND state = 'open' FOR UPDATE", "AND state = 'open' AND account_id IS NULL FOR UPDATE")

FOUNDED = """
CREATE OR REPLACE FUNCTION founds_invited_partner(parent bigint, wanted_name text, wanted_country text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM held_activation_link() a JOIN accounts_organization s ON s.id = a.organization_id {who}
        WHERE a.kind = 'partner' AND a.name = wanted_name AND a.country = wanted_country
          AND (s.kind = 'vendor' AND parent IS NULL OR s.kind = 'distributor' AND parent = s.id)) {once} $$;
"""
ADDRESSEE = """JOIN account_emailaddress e
            ON e.user_id = portal_person() AND e.verified AND lower(e.email) = a.email"""
# What it has founded bears its name: as for whoever sends a link, a country has no two partners of one name.
NOT_YET = """
       AND NOT EXISTS (SELECT FROM accounts_organization WHERE name = wanted_name AND country = wanted_country
                       AND kind IN ('partner', 'distributor'))"""

# Whoever sends a token enters with its digest as the secret, also one that nobody has made.
TOKENS = """
CREATE POLICY made_by_staff ON entitlements_ingesttoken AS RESTRICTIVE FOR INSERT
    WITH CHECK ((SELECT portal_is_vendor() AND portal_is_admin()));
"""


class Migration(migrations.Migration):
    dependencies = [("entitlements", "0011_trials_by_link"), ("accounts", "0016_own_columns")]

    operations = [
        migrations.RunSQL(ONCE, BY_LINK),
        migrations.RunSQL(FOUNDED.format(who=ADDRESSEE, once=NOT_YET), FOUNDED.format(who="", once="")),
        migrations.RunSQL(TOKENS, "DROP POLICY made_by_staff ON entitlements_ingesttoken"),
        migrations.AddConstraint(
            "activationlink",
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None) | ~Q(state="open") & Q(closed_at__isnull=False),
                name="activation_link_closed",
            ),
        ),
        restrict_tenant_events(
            "admins_in_entitlements",
            "activation.accepted licence.release_asked licence.release_withdrawn licence.release_marked"
            " licence.release_reopened trial.requested trial.cancelled trial.approved trial.converted trial.declined"
            " trial.extended trial.started",
        ),
        restrict_tenant_events(
            "senders_of_links",
            "activation.sent activation.resent activation.copied activation.changed activation.revoked",
            condition="sends_activation_links()",
        ),
        restrict_tenant_events(
            "staff_with_skus",
            "sku.publisher_removed sku.publisher_set",
            condition="portal_is_vendor() AND portal_is_admin()",
        ),
    ]
