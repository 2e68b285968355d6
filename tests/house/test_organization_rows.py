"""The standing of an organisation keeps its shape, whoever writes it: a request, a job or staff at the command line."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Operator, Organization, Role

TAKES_PART = "organization_vendor_takes_part"
BELOW_DISTRIBUTOR = "organization_parent_is_distributor"
HAS_PARENT = "organization_only_partners_have_parent"

# What somebody writes into an organisation of the cast, and the constraint that refuses it.
WRONG = {
    "suspend the vendor": ("vendor", {"state": "suspended"}, TAKES_PART),
    "a partner below itself": ("partner", {"parent": "partner"}, BELOW_DISTRIBUTOR),
    "a partner below a partner": ("partner", {"parent": "partner2"}, BELOW_DISTRIBUTOR),
    "a partner below a customer": ("partner", {"parent": "customer"}, BELOW_DISTRIBUTOR),
    "a partner below a publisher": ("partner", {"parent": "publisher"}, BELOW_DISTRIBUTOR),
    "a partner below the vendor": ("partner", {"parent": "vendor"}, BELOW_DISTRIBUTOR),
    "a distributor below its partner": ("distributor", {"parent": "partner"}, BELOW_DISTRIBUTOR),
    "a distributor below another": ("distributor", {"parent": "distributor2"}, HAS_PARENT),
    "a customer below a distributor": ("customer", {"parent": "distributor"}, HAS_PARENT),
}


def change(world, who, values):
    """Write these values as one statement of SQL would, and return how many rows it changed."""
    values = {name: world[value] if name == "parent" else value for name, value in values.items()}
    return Organization.objects.filter(pk=world[who].pk).update(**values)


@pytest.mark.parametrize("name", WRONG)
def test_neither_the_vendors_admins_nor_staff_write_it(name, world, actor_for, as_tenant):
    who, values, constraint = WRONG[name]
    before = Organization.objects.values("state", "parent").get(pk=world[who].pk)
    with pytest.raises(IntegrityError, match=constraint), as_tenant(actor_for("vendor.admin")):
        change(world, who, values)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        change(world, who, values)
    assert Organization.objects.values("state", "parent").get(pk=world[who].pk) == before


@pytest.mark.parametrize("above", ["customer", "partner", "publisher"])
def test_nobody_is_registered_below_another_than_a_distributor(above, world, actor_for, as_tenant):
    new = {"kind": "partner", "name": "Registered", "country": "FR"}
    with pytest.raises(IntegrityError, match=BELOW_DISTRIBUTOR), as_tenant(actor_for("vendor.admin")):
        Organization.objects.create(**new, parent=world[above])
    with as_tenant(actor_for("vendor.admin")):
        assert Organization.objects.create(**new, parent=world.distributor).parent_id == world.distributor.pk


def test_a_partner_moves_and_is_suspended(world, actor_for, as_tenant):
    with as_tenant(actor_for("vendor.admin")):
        assert change(world, "partner", {"parent": "distributor2"}) == 1
        assert change(world, "partner", {"state": "suspended"}) == 1


def test_of_two_admins_who_go_in_one_statement_one_stays(world, actor_for, as_tenant):
    Operator.objects.filter(organization=world.stranger).update(roles=[Role.ADMIN])
    for go in (lambda rows: rows._raw_delete(rows.db), lambda rows: rows.update(roles=[Role.READER])):
        with pytest.raises(IntegrityError, match="operator_one_admin"), as_tenant(actor_for("stranger.admin")):
            go(Operator.objects.filter(organization=world.stranger))
    assert Operator.objects.filter(organization=world.stranger, roles=[Role.ADMIN]).count() == 2
