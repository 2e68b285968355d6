"""The vendor's partner programmes and what they grant (E-1)."""

from django.db import migrations

PROGRAMS = [
    ("solution_advisor", "Solution Advisor", ["customer_dashboard"]),
    ("service_provider", "Service Provider", ["customer_dashboard", "federated_domains"]),
    ("csp", "Cloud Solution Provider", ["marketplace_purchase"]),
]


def add(apps, schema_editor):
    """Store the programmes of PROGRAMS: code, name and the features that a membership grants."""
    program = apps.get_model("accounts", "Program")
    for code, name, grants in PROGRAMS:
        program.objects.create(code=code, name=name, grants=grants)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_policies")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
