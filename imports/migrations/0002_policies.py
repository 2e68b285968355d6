"""Row-level security of imports: a person sees only their own, and confirms or cancels those."""

from django.db import migrations

from partnerportal.lib.leases import UNLEASED
from partnerportal.lib.states import enforce_state_transitions
from partnerportal.lib.tenancy import NOW, allow_tenant_events, enable_row_security, fill_columns_by_trigger

MINE = "organization_id = portal_org() AND person_id = portal_person()"
NOT_RUN = {
    "mode": "''", "is_stop_asked": "false", "rows_total": "0", "rows_done": "0", "checked": "'{}'", "applied": "'{}'", "remarks": "'{}'",
    "problem": "''",
}  # fmt: skip

MOVES = {
    "uploaded": ["checking", "failed", "cancelled"],
    "checking": ["uploaded", "checked", "failed", "cancelled"],
    "checked": ["confirmed", "cancelled", "expired"],
    "confirmed": ["applying", "failed"],
    "applying": ["confirmed", "done", "failed", "cancelled"],
    "done": [],
    "failed": [],
    "cancelled": [],
    "expired": [],
}


class Migration(migrations.Migration):
    dependencies = [("imports", "0001_initial"), ("connections", "0003_policies")]

    operations = [
        allow_tenant_events("imports", "import.uploaded import.confirmed import.cancelled"),
        enable_row_security(
            "imports_import",
            using=MINE,
            grant="SELECT, INSERT, UPDATE (state, mode, is_stop_asked, attempts, rows_done, finished_at)",
        ),
        fill_columns_by_trigger(
            "imports_import",
            on_insert=UNLEASED | NOT_RUN | {"asked_at": NOW},
            on_change={"finished_at": NOW, "attempts": "0", "rows_done": "0"},
        ),
        enforce_state_transitions("imports_import", MOVES, initial_state="uploaded", enforced_for="everybody"),
        enable_row_security("imports_importbatch", using="false", grant="SELECT"),
    ]
