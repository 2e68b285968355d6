"""A file has the order of the list's page, whichever column the page is sorted by."""

from typing import Any

import pytest

from exports.catalogue import LISTS
from partnerportal.lib.errors import NotFound
from partnerportal.lib.lists import ListDefinition, find_list_definition


def find_definition(key: str) -> ListDefinition | None:
    try:
        return find_list_definition(key)
    except NotFound:
        return None


SORTED = sorted(key for key in LISTS if (definition := find_definition(key)) and definition.default_sort)
WHO = {"customers": "partner.admin", "licence_users": "customer.admin"}  # else the vendor's


def test_there_are_lists_that_can_be_sorted() -> None:
    assert {"customers", "pending_customers", "pending_partners", "pending_operators", "operators"} <= {*SORTED}


@pytest.mark.parametrize("key", SORTED)
def test_the_file_of_a_list_has_the_order_of_its_page(key: str, actor_for: Any) -> None:
    definition, exported = find_list_definition(key), LISTS[key]
    actor = actor_for(WHO.get(key, "vendor.admin"))
    for name, column in definition.sorts.items():
        for sign in ("", "-"):
            query = exported.pick_filters({"sort": f"{sign}{name}"})
            assert exported.rows(actor, query, None).query.order_by[0] == f"{sign}{column}", name
    usual = exported.rows(actor, exported.pick_filters({}), None).query.order_by
    assert usual[0] == definition.list_order_fields({})[0]
