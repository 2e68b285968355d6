"""Events of offers are recorded by Admins, who alone do what they say; who contacts a publisher is no Reader."""

from django.db import migrations

from partnerportal.lib.tenancy import restrict_tenant_events

NO_READER = """EXISTS (SELECT FROM accounts_operator o WHERE o.person_id = portal_person()
    AND o.organization_id = portal_org() AND NOT o.roles::text[] <@ '{reader}')"""


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0010_products"), ("accounts", "0016_own_columns")]

    operations = [
        restrict_tenant_events(
            "admins_in_marketplace",
            "offer.audience_changed offer.audience_saved offer.changed offer.configured offer.created offer.deleted"
            " offer.draft_discarded offer.partner_asked offer.plan_renamed offer.plans_deleted offer.price_withdrawn"
            " offer.priced offer.published offer.resumed offer.stopped health.cleared health.reported health.updated",
        ),
        restrict_tenant_events("no_readers_in_marketplace", "offer.publisher_contacted", condition=NO_READER),
    ]
