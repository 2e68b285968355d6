"""Who changes an organisation waits its turn before the rows of customers that show it are locked.

They are locked in no order of their own. The end of a connection locks the same rows, so that both could wait for each
other. It takes the customer's lock first, and now so does the change.
"""

from django.db import migrations

COPIED = "public_id, name, name_folded, org_id, country, website, kind, state, created_at"
READ = (
    "NEW.public_id, NEW.name, NEW.name_folded, NEW.org_id, NEW.country, lower(NEW.website), NEW.kind, NEW.state, "
    "NEW.created_at"
)
HEAD = """CREATE OR REPLACE FUNCTION listing_follows_organization() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN"""
TAIL = f"""
    UPDATE entitlements_customerlisting SET ({COPIED}) = ROW({READ}) WHERE customer_id = NEW.id;
    RETURN NULL;
END $$"""  # noqa: S608 - constants of this module
LOCK = "\n    PERFORM pg_advisory_xact_lock(portal_lock('customer', NEW.id));"


class Migration(migrations.Migration):
    dependencies = [("entitlements", "0019_portfolio_months")]

    operations = [migrations.RunSQL(HEAD + LOCK + TAIL, HEAD + TAIL)]
