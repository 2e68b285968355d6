"""What was never published is corrected and deleted by its publisher; what was published once is neither."""

from django.db import migrations

from partnerportal.lib.tenancy import allow_tenant_events

KEPT = """
CREATE FUNCTION published_offer_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'this violates that a published offer is never deleted' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER published_offer_is_kept BEFORE DELETE ON marketplace_offer FOR EACH ROW
    WHEN (OLD.live_version_id IS NOT NULL OR OLD.published_at IS NOT NULL) EXECUTE FUNCTION published_offer_is_kept();
-- Staff decide about audiences and write the row too, but what an offer is called and what it is its publisher says.
CREATE FUNCTION offer_is_its_publishers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF row_security_active(TG_RELID) AND OLD.publisher_id IS DISTINCT FROM portal_org() THEN
        RAISE EXCEPTION 'this violates that its publisher alone says what an offer is' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER offer_is_its_publishers BEFORE UPDATE OF code, type, pricing_model ON marketplace_offer
    FOR EACH ROW EXECUTE FUNCTION offer_is_its_publishers();
GRANT UPDATE (code, type, pricing_model), DELETE ON marketplace_offer TO portal_app;
GRANT UPDATE (code) ON marketplace_plan TO portal_app;
CREATE POLICY deleted_by_its_publisher ON marketplace_offer AS RESTRICTIVE FOR DELETE
    USING (publisher_id = portal_org() AND live_version_id IS NULL AND (SELECT portal_is_admin()));
"""
UNDO = """
DROP POLICY deleted_by_its_publisher ON marketplace_offer;
REVOKE UPDATE (code) ON marketplace_plan FROM portal_app;
REVOKE UPDATE (code, type, pricing_model), DELETE ON marketplace_offer FROM portal_app;
DROP TRIGGER offer_is_its_publishers ON marketplace_offer; DROP FUNCTION offer_is_its_publishers();
DROP TRIGGER published_offer_is_kept ON marketplace_offer; DROP FUNCTION published_offer_is_kept();
"""
# These rows go with an offer or a plan, and never by themselves: nobody has the right to delete a stop, or the draft of
# an offer that is not live. So the database deletes them.
GO_WITH = (
    ("offerversion", "offer_id", "offer"),
    ("channelinfo", "version_id", "offerversion"),
    ("salestop", "offer_id", "offer"),
    ("salestop", "plan_id", "plan"),
    ("stopreason", "stop_id", "salestop"),
)


def delete_with(table: str, column: str, owner: str, action: str) -> str:
    """Return SQL that gives a foreign key another action for the deletion of the row that it names."""
    return f"""
DO $$
DECLARE found text;
BEGIN
    SELECT conname INTO STRICT found FROM pg_constraint
    WHERE contype = 'f' AND conrelid = 'marketplace_{table}'::regclass AND confrelid = 'marketplace_{owner}'::regclass
      AND conkey = ARRAY[(SELECT attnum FROM pg_attribute
                          WHERE attrelid = conrelid AND attname = '{column}')]::smallint[];
    EXECUTE format('ALTER TABLE marketplace_{table} DROP CONSTRAINT %I, ADD CONSTRAINT %I FOREIGN KEY ({column}) '
                   'REFERENCES marketplace_{owner} (id) {action} DEFERRABLE INITIALLY DEFERRED', found, found);
END $$;"""


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0007_drafts_and_reasons")]

    operations = [
        migrations.RunSQL(KEPT, UNDO),
        *(
            migrations.RunSQL(
                delete_with(table, column, owner, "ON DELETE CASCADE"), delete_with(table, column, owner, "")
            )
            for table, column, owner in GO_WITH
        ),
        allow_tenant_events("unpublished_offers", "offer.changed offer.deleted offer.plan_renamed offer.plans_deleted"),
    ]
