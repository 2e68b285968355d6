"""The vendor's catalogues: partner programmes and what they grant (E-1), and what partners are qualified for (CA-12)."""

from django.db import migrations

PROGRAMS = [
    ("solution_advisor", "Solution Advisor", ["customer_dashboard"]),
    ("service_provider", "Service Provider", ["customer_dashboard", "federated_domains"]),
    ("csp", "Cloud Solution Provider", ["marketplace_purchase"]),
]
COMPETENCIES = [
    ("application_development", "Application Development"),
    ("cloud_platform", "Cloud Platform"),
    ("collaboration", "Collaboration and Content"),
    ("data_analytics", "Data Analytics"),
    ("enterprise_mobility", "Enterprise Mobility Management"),
    ("security", "Security"),
]
SKILLS = [
    ("deployment", "Deployment Services"),
    ("integration", "System Integration"),
    ("licensing", "Licensing"),
    ("managed_services", "Managed Services"),
    ("migration", "Migration"),
    ("training", "Training"),
]


def add(apps, schema_editor):
    """Store the programmes (code, name and the features that a membership grants), competencies and skills."""
    program = apps.get_model("accounts", "Program")
    for code, name, grants in PROGRAMS:
        program.objects.create(code=code, name=name, grants=grants)
    for model, rows in (("Competency", COMPETENCIES), ("Skill", SKILLS)):
        for code, name in rows:
            apps.get_model("accounts", model).objects.create(code=code, name=name)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_policies")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
