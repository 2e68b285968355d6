"""Row-level security on requests: whoever asks sees its own, the vendor's staff what was submitted. Admins write."""

from django.db import migrations

from partnerportal.lib.states import enforce_state_transitions
from partnerportal.lib.tenancy import NOW, allow_tenant_events, enable_row_security, fill_columns_by_trigger

VENDOR = "(SELECT portal_is_vendor())"  # the subquery is evaluated once for a statement, not for each row
OWN = "organization_id = portal_org()"
SEEN = f"{OWN} OR submitted_at IS NOT NULL AND {VENDOR}"
# The states into which either side moves a request. Whoever answers may find that it has been overtaken.
WRITTEN = f"""{OWN} AND state IN ('draft', 'submitted', 'withdrawn', 'overtaken')
    OR {VENDOR} AND submitted_at IS NOT NULL
       AND state IN ('submitted', 'needs_information', 'approved', 'declined', 'overtaken')"""
OF_SEEN = "(SELECT true FROM support_request r WHERE r.id = request_id)"
OF_OPEN = """(SELECT true FROM support_request r
    WHERE r.id = request_id AND r.state IN ('submitted', 'needs_information'))"""
OF_OWN = "(SELECT true FROM support_request r WHERE r.id = request_id AND r.organization_id = portal_org())"

# Only Admins write requests and what belongs to them (policies.py), and only a draft is deleted.
BY_ADMINS = """
CREATE POLICY made_by_admins ON support_request AS RESTRICTIVE FOR INSERT WITH CHECK (portal_is_admin());
CREATE POLICY changed_by_admins ON support_request AS RESTRICTIVE FOR UPDATE
    USING (true) WITH CHECK (portal_is_admin());
CREATE POLICY drafts_are_discarded ON support_request AS RESTRICTIVE FOR DELETE
    USING (state = 'draft' AND organization_id = portal_org() AND portal_is_admin());
"""
BY_ADMINS_UNDO = """
DROP POLICY drafts_are_discarded ON support_request;
DROP POLICY changed_by_admins ON support_request;
DROP POLICY made_by_admins ON support_request;
"""

# The number for people is drawn, because one that counts would tell an organisation how many requests others make. The
# function has its definer's rights, because a number that somebody else's request has is drawn again.
NUMBER = """
CREATE FUNCTION request_is_numbered() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    LOOP
        NEW.number := 'R-' || (10000000 + floor(random() * 90000000))::integer;
        EXIT WHEN NOT EXISTS (SELECT FROM support_request WHERE number = NEW.number);
    END LOOP;
    RETURN NEW;
END $$;
CREATE TRIGGER request_is_numbered BEFORE INSERT ON support_request
    FOR EACH ROW EXECUTE FUNCTION request_is_numbered();
"""
NUMBER_UNDO = """
DROP TRIGGER request_is_numbered ON support_request; DROP FUNCTION request_is_numbered();
"""

# What whoever asks writes, and only while it may be edited; and what the vendor alone decides.
ASKED = "title, justification, severity, contact_email, contact_phone, payload, open_key"
EDITED = "OLD.organization_id = portal_org() AND OLD.state IN ('draft', 'needs_information')"
OF_THE_VENDOR = """portal_is_vendor() AND (NEW.assignee_id IS NULL OR EXISTS (
    SELECT FROM accounts_operator o WHERE o.id = NEW.assignee_id AND o.organization_id = portal_org()))"""
IS_OVERTAKEN = "NEW.state = 'overtaken' AND OLD.state <> 'overtaken'"
IS_APPROVED = "NEW.state = 'approved' AND OLD.state <> 'approved'"
COUNTED = "state, assignee_id, reason, overtaken_by, results, revision, version, updated_at, submitted_at, decided_at"

MOVES = {
    "draft": ["submitted"],
    "submitted": ["needs_information", "approved", "declined", "withdrawn", "overtaken"],
    "needs_information": ["submitted", "declined", "withdrawn", "overtaken"],
    "approved": [],
    "declined": [],
    "withdrawn": [],
    "overtaken": [],
}


class Migration(migrations.Migration):
    dependencies = [("support", "0001_initial"), ("connections", "0003_policies")]

    operations = [
        enable_row_security(
            "support_request",
            using=SEEN,
            check=WRITTEN,
            grant=f"SELECT, INSERT, UPDATE ({ASKED}, {COUNTED}), DELETE",
        ),
        migrations.RunSQL(BY_ADMINS, BY_ADMINS_UNDO),
        migrations.RunSQL(NUMBER, NUMBER_UNDO),
        fill_columns_by_trigger(
            "support_request",
            on_insert={
                "person_id": "portal_person()",
                "assignee_id": "NULL",
                "open_key": "''",
                "reason": "''",
                "overtaken_by": "'{}'",
                "results": "'[]'",
                "revision": "0",
                "version": "1",
                "created_at": NOW,
                "updated_at": NOW,
                "submitted_at": "NULL",
                "decided_at": "NULL",
            },
            on_change={
                **{name: f"CASE WHEN {EDITED} THEN NEW.{name} ELSE OLD.{name} END" for name in ASKED.split(", ")},
                "assignee_id": f"CASE WHEN {OF_THE_VENDOR} THEN NEW.assignee_id ELSE OLD.assignee_id END",
                "reason": "CASE WHEN portal_is_vendor() THEN NEW.reason ELSE OLD.reason END",
                "overtaken_by": f"CASE WHEN {IS_OVERTAKEN} THEN NEW.overtaken_by ELSE OLD.overtaken_by END",
                "results": f"CASE WHEN {IS_APPROVED} THEN NEW.results ELSE OLD.results END",
                "updated_at": NOW,
                "submitted_at": f"coalesce(OLD.submitted_at, {NOW})",
                "decided_at": f"CASE WHEN NEW.decided_at IS NOT NULL THEN {NOW} END",
            },
        ),
        enforce_state_transitions("support_request", MOVES, initial_state="draft", enforced_for="everybody"),
        enable_row_security(
            "support_requestrevision", using=OF_SEEN, check=f"{OF_OWN} AND portal_is_admin()", grant="SELECT, INSERT"
        ),
        fill_columns_by_trigger("support_requestrevision", on_insert={"submitted_at": NOW}),
        enable_row_security(
            "support_requestmessage", using=OF_SEEN, check=f"{OF_OPEN} AND portal_is_admin()", grant="SELECT, INSERT"
        ),
        fill_columns_by_trigger(
            "support_requestmessage",
            on_insert={"organization_id": "portal_org()", "person_id": "portal_person()", "at": NOW},
        ),
        allow_tenant_events(
            "support", "request.answered request.commented request.overtaken request.submitted request.withdrawn"
        ),
        allow_tenant_events(
            "support_vendor",
            "request.approved request.assigned request.declined request.information_asked",
            condition="portal_is_vendor() AND portal_is_admin()",
        ),
    ]
