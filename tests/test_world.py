"""The foundation of the other tests holds."""

from django.db import connection

from accounts.models import Organization
from connections.models import Portfolio


def test_cast_sees_what_its_picture_says(world, actor_for):
    seen = {
        who: {world.names[row.subject_id] for row in Portfolio.objects.visible_to(actor_for(f"{who}.reader"))}
        for who in ("partner", "distributor", "distributor2", "customer", "stranger")
    }
    assert seen == {
        "partner": {"partner", "customer", "customer2"},
        "distributor": {"distributor", "partner", "customer", "customer2"},
        "distributor2": {"distributor2", "partner2", "customer2"},
        "customer": {"customer"},
        "stranger": {"stranger"},
    }


def test_tenant_block_runs_under_row_level_security_and_ends(world, actor_for, as_tenant):
    everybody = Organization.objects.count()
    with as_tenant(actor_for("stranger.admin")):
        assert {row.pk for row in Organization.objects.all()} == {world.stranger.pk, world.publisher.pk}
    assert Organization.objects.count() == everybody


def test_request_runs_as_the_web_role_and_the_test_does_not(web):
    assert web("partner.admin").get("/nowhere/").status_code == 404
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('role')")
        assert cursor.fetchone() == ("none",)


def test_own_database_commits_and_leaves_nothing_behind(own_database):
    from tests.world import World

    Organization.objects.create(kind="customer", name="Committed", country="DE")
    assert World().partner.name in set(Organization.objects.values_list("name", flat=True))
    assert own_database["DATABASE_URL"].endswith(connection.settings_dict["NAME"])
