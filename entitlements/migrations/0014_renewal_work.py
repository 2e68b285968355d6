"""What an organisation does about ends of entitlements: its state, its owner, its note, and their history."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from partnerportal.lib.states import enforce_state_transitions
from partnerportal.lib.tenancy import NOW, allow_tenant_events, enable_row_security, fill_columns_by_trigger

STATES = ["open", "contacted", "quoted", "renewing", "will_lapse"]
CHOICES = [
    ("open", "Open"),
    ("contacted", "Contacted"),
    ("quoted", "Quoted"),
    ("renewing", "Renewing"),
    ("will_lapse", "Will lapse"),
]
MOVES = {state: set(STATES) - {state} for state in STATES}
WORK, STEP = "entitlements_renewalwork", "entitlements_renewalstep"
# The subqueries read under the policies of their tables: what is no longer shared takes the work on it out of sight.
OWN = "organization_id = portal_org() AND EXISTS (SELECT FROM entitlements_entitlement e WHERE e.id = entitlement_id)"
# Work is begun on the present end alone.
END = "(SELECT e.ends_on FROM entitlements_entitlement e WHERE e.id = NEW.entitlement_id)"
OF_OWN_WORK = "EXISTS (SELECT FROM entitlements_renewalwork w WHERE w.id = work_id)"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0014_operator_invitations"), ("entitlements", "0013_activation_order")]

    operations = [
        migrations.CreateModel(
            name="RenewalWork",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("ends_on", models.DateField()),
                ("state", models.CharField(choices=CHOICES, default="open", max_length=10)),
                ("owner_id", models.BigIntegerField(null=True)),
                ("note", models.CharField(blank=True, max_length=1000)),
                ("noted_at", models.DateTimeField(null=True)),
                ("revision", models.PositiveIntegerField(db_default=0, default=0)),
                (
                    "entitlement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="renewal_work",
                        to="entitlements.entitlement",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.organization"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "entitlement", "ends_on"), name="renewal_work_once"),
                    models.CheckConstraint(condition=models.Q(("state__in", STATES)), name="renewal_work_state"),
                ],
            },
        ),
        migrations.CreateModel(
            name="RenewalStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("person_id", models.BigIntegerField()),
                ("revision", models.PositiveIntegerField()),
                ("work_state", models.CharField(choices=CHOICES, max_length=10)),
                ("owner_id", models.BigIntegerField(null=True)),
                ("note", models.CharField(blank=True, max_length=1000)),
                (
                    "work",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="entitlements.renewalwork",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("work", "revision"), name="renewal_step_once")],
            },
        ),
        enable_row_security(
            WORK, using=OWN, grant="SELECT, INSERT, UPDATE (state, owner_id, note, noted_at, revision)"
        ),
        enforce_state_transitions(WORK, MOVES, initial_state="open", enforced_for="everybody"),
        fill_columns_by_trigger(
            WORK,
            on_insert={"ends_on": END, "owner_id": "NULL", "note": "''", "noted_at": "NULL", "revision": "0"},
            on_change={"noted_at": f"CASE WHEN NEW.note <> '' THEN {NOW} END"},
        ),
        enable_row_security(STEP, using=OF_OWN_WORK, grant="SELECT, INSERT"),
        fill_columns_by_trigger(STEP, on_insert={"at": NOW, "person_id": "portal_person()"}),
        # Without a customer and a counterpart no other organisation reads these events. Readers record none.
        allow_tenant_events(
            "renewal_work",
            "renewal.state_set renewal.owner_set renewal.noted",
            condition="customer_id IS NULL AND counterpart_id IS NULL AND sends_activation_links()",
        ),
    ]
