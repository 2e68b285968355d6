"""Filters of several values and of ranges, of every list that has them: a new list joins by itself.

Each is asked on the page, in the file, in a saved view, in the dialog and in the form without a script.
"""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

import pytest
from django.urls import reverse
from django.utils import translation
from django_filters import DateFilter

from accounts.models import Person, SavedView
from entitlements.lists.activations import ActivationList
from entitlements.models import CustomerListing, Entitlement, LicenseAssignment, PartnerListing
from exports.catalogue import LISTS
from exports.models import Export
from exports.rows import build_export_rows
from partnerportal.lib.countries import list_country_choices
from partnerportal.lib.list_filters import DAYS, SEPARATOR, Choices, FilterRange, SeveralValues
from partnerportal.lib.lists import ListDefinition, find_list_definition, list_list_keys
from tests.world import World

# Who looks at a list, and the tab on which it has rows; else the vendor's Admin at its first tab.
WHO = {
    "customers": ("partner.admin", ""),
    "customer_usage": ("partner.admin", ""),
    "renewals": ("partner.admin", "within=90"),
    "own_renewals": ("customer.admin", "within=90"),
    "trials": ("vendor.admin", "state=running"),
    "operators": ("partner.admin", ""),
    "pending_operators": ("partner.admin", ""),
    "inbox": ("partner.admin", ""),
    "activity_log": ("partner.admin", ""),
    "offers": ("publisher.admin", ""),
    "products": ("publisher.admin", ""),
    "catalogue": ("partner.admin", ""),
    "storefront": ("customer.admin", ""),
    "own_requests": ("partner.admin", ""),
}
NEVER_HAD = UUID(int=0)
NO_ROW_HAS = {  # a value that is good and that no row has, of filters of which each choice may keep all rows
    "country": "JP",
    "sku": "nothing",
    "source": NEVER_HAD,
    "publisher": NEVER_HAD,
    "category": "nothing",
    "badge": "nothing",
    "customer": "nothing",
}
FILES = {"own_renewals": "renewals", "all_customers": "all_customers"}  # where the file has another key than the list
ONE_ROW_EACH = set(LISTS) - {"product_figures"}  # files with a line for each row of the page
FIRST, LAST = dt.date(2000, 1, 1).toordinal(), dt.date(2100, 1, 1).toordinal()
MUCH = 10_000  # more than any number in a row
TOO_MUCH = "9" * 40
BAD = ("1e-20000", "NaN", "-1", TOO_MUCH, "0000-00-00", "0001-01-01", "9999-12-31", "\0", "',--", ",,,", "x" * 5000)

OF_ALL_KINDS = "customers"  # the dialogs of all lists have fields of the same few kinds, and this one has each kind

KEYS = list_list_keys()
WITH_DIALOG = [key for key in KEYS if find_list_definition(key).ranges or find_list_definition(key).several]
RANGES = [(key, one) for key in KEYS for one in find_list_definition(key).ranges]
SEVERAL = [(key, name) for key in KEYS for name in find_list_definition(key).several]
each_list = pytest.mark.parametrize("key", WITH_DIALOG)


def who_looks_at(key: str) -> tuple[str, str]:
    return WHO.get(key, ("vendor.admin", ""))


@pytest.fixture(autouse=True)
def _rows_for_all(world: World) -> None:
    """What the cast has none of, and some list shows."""
    LicenseAssignment.objects.filter(customer=world.customer).update(release_asked_at="2026-01-01T00:00Z")
    Entitlement.objects.filter(customer=world.customer, kind="production", state="active").update(quantity=77)
    CustomerListing.objects.filter(viewer=world.partner, customer=world.customer2).update(seats=99, assigned=1)
    PartnerListing.objects.update(sharing=1, seats=7, next_expiry_on="2026-05-06")
    Person.objects.filter(pk=world.person("partner.admin").pk).update(last_login="2026-02-03T04:05Z")


class FormReader(HTMLParser):
    """Reads what a browser without scripts would send of the forms of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self._form: dict[str, Any] | None = None
        self._select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self._form = {"class": found.get("class") or "", "action": found.get("action"), "values": []}
            self.forms.append(self._form)
        elif self._form is None:
            return
        elif tag == "input" and found.get("name"):
            is_box = found.get("type") in ("checkbox", "radio")
            if not is_box or "checked" in found:
                self._form["values"].append((found["name"], found.get("value") or ""))
        elif tag == "select":
            self._select = found.get("name") or ""
        elif tag == "option" and self._select and "selected" in found:
            self._form["values"].append((self._select, found.get("value") or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""


@dataclass
class Shown:
    """A page of a list: its state, and the keys of its rows."""

    list: Any
    html: str
    keys: frozenset[Any]

    @property
    def filters(self) -> dict[str, str]:
        """The filters that the page has understood, as its URL says them."""
        return {name: value for name, value in parse_qsl(self.list.filter_query_string) if name != "sort"}

    def read_filter_form(self) -> list[tuple[str, str]]:
        (form,) = [form for form in FormReader(self.html).forms if "filter-bar" in form["class"]]
        return [(name, value) for name, value in form["values"] if value]


@pytest.fixture
def client(key: str, web: Any) -> Any:
    """The browser of whoever looks at the list."""
    return web(who_looks_at(key)[0])


@pytest.fixture
def show(client: Any, as_tenant: Any) -> Callable[..., Shown]:
    """Return the page of a list with these filters, and check that its file has as many rows."""

    def open_page(key: str, **values: Any) -> Shown:
        definition, query = find_list_definition(key), urlencode(write_query(key, values))
        page = client.get(f"{reverse(definition.url_name)}?{query}")
        assert page.status_code == 200, (key, query)
        listing = page.context["list"]
        keys = frozenset(row.pk for row in listing.page.rows)
        file = FILES.get(key, key)
        if file in ONE_ROW_EACH:
            asked = LISTS[file].pick_filters(dict(parse_qsl(listing.filter_query_string)))
            with as_tenant(listing.actor):
                assert LISTS[file].rows(listing.actor, asked, None).count() == len(keys), (key, query)
        return Shown(listing, page.content.decode(), keys)

    return open_page


def list_choices(several: SeveralValues, actor: Any) -> Choices:
    org_ids = CustomerListing.objects.visible_to(actor).values_list("org_id", flat=True)
    return several.list_choices_with(actor, list(org_ids)) if several.find_choices else several.list_choices(actor)


def write_query(key: str, values: dict[str, Any]) -> dict[str, str]:
    return dict(parse_qsl(who_looks_at(key)[1])) | {name: str(value) for name, value in values.items()}


def find_without_page(key: str, listing: Any, values: dict[str, Any]) -> frozenset[Any]:
    """What the page would show with these filters, without the time to draw it."""
    kind = [listing.kind] if isinstance(listing, ActivationList) else []
    return frozenset(row.pk for row in type(listing)(listing.actor, *kind, write_query(key, values)).page.rows)


def write_bound(one: FilterRange, value: int) -> Any:
    return dt.date.fromordinal(value) if one.kind is DAYS else value


@pytest.mark.promise("G-27")
@pytest.mark.parametrize(("key", "one"), RANGES, ids=[f"{key}-{one.low}" for key, one in RANGES])
def test_a_range_keeps_what_is_within_it(key: str, one: FilterRange, show: Any, as_tenant: Any) -> None:
    first, last = (FIRST, LAST) if one.kind is DAYS else (0, MUCH)

    def find(name: str, value: int) -> frozenset[Any]:
        return show(key, **{name: write_bound(one, value)}).keys

    everything = show(key, **{one.low: write_bound(one, first)})
    having = everything.keys
    assert having, "a row that has the value"
    assert not find(one.low, last)
    low, high = first, last  # the row with the lowest value is found from `low` on, and no longer from `high` on
    with as_tenant(everything.list.actor):
        while high - low > 1:
            middle = (low + high) // 2
            found = find_without_page(key, everything.list, {one.low: write_bound(one, middle)})
            low, high = (middle, high) if found == having else (low, middle)
    others = find(one.low, high)
    assert find(one.low, low) == having and others < having
    if not one.high:
        return
    lowest = find(one.high, low)
    assert lowest and lowest | others == having and not lowest & others
    assert not (find(one.high, low - 1) if low > first else set())
    both = {one.low: write_bound(one, low), one.high: write_bound(one, low)}
    assert show(key, **both).keys == lowest
    assert find(one.high, last) == having


@pytest.mark.promise("G-27")
@pytest.mark.parametrize(("key", "name"), SEVERAL)
def test_one_of_several_values_is_enough(key: str, name: str, show: Any, as_tenant: Any) -> None:
    everything = show(key)
    several = everything.list.definition.several[name]
    with as_tenant(actor := everything.list.actor):
        choices = [str(value) for value, _label in everything.list.list_choices(name) or list_choices(several, actor)]
        found = {value: find_without_page(key, everything.list, {name: value}) for value in choices}
    kept = frozenset().union(*found.values())
    assert kept, "a choice that some row has"
    if name in NO_ROW_HAS:
        assert not show(key, **{name: NO_ROW_HAS[name]}).keys
    else:
        assert len(set(found.values())) > 1, "not every choice keeps the same"
    assert show(key, **{name: SEPARATOR.join(choices)}).keys == kept
    one = next(value for value in choices if found[value])
    other = next((value for value in reversed(choices) if value != one), one)
    assert show(key, **{name: one}).keys == found[one]
    assert show(key, **{name: f"{one},,{other},{one}"}).keys == found[one] | found[other]


@pytest.fixture
def values(key: str, world: World, as_tenant: Any) -> dict[str, str]:
    """A value of each filter: two choices of those of several, and all there can be of ranges."""
    definition: ListDefinition = find_list_definition(key)
    actor, found = world.actor(who_looks_at(key)[0]), {}
    with as_tenant(actor):
        for name, several in definition.several.items():
            found[name] = SEPARATOR.join(str(value) for value, _label in list_choices(several, actor)[:2])
    for one in definition.ranges:
        bounds = (FIRST, LAST) if one.kind is DAYS else (0, MUCH)
        found |= {name: str(write_bound(one, bound)) for name, bound in zip(one.names, bounds, strict=False)}
    return {name: value for name, value in found.items() if value}


@pytest.mark.promise("G-27")
@each_list
def test_all_filters_stand_in_the_url_and_each_leads_out(key: str, values: dict[str, str], show: Any) -> None:
    page = show(key, **values)
    assert page.filters.items() >= values.items()
    definition = page.list.definition
    chosen = [name for name in definition.several if SEPARATOR in values.get(name, "") or name not in definition.fields]
    names = [*((name,) for name in chosen if name in values), *(one.names for one in definition.ranges)]
    assert len(page.list.filter_chips) == len(names)
    for chip, gone in zip(page.list.filter_chips, names, strict=True):
        left = dict(parse_qsl(urlsplit(chip.url).query))
        assert values.keys() - left.keys() == set(gone), chip
        assert chip.url.replace("&", "&amp;") in page.html and str(chip.label) in page.html
    assert values.keys().isdisjoint(dict(parse_qsl(urlsplit(page.list.clear_filters_url).query)))


@pytest.mark.promise("G-27")
@pytest.mark.parametrize("key", KEYS)
def test_the_form_keeps_all_filters_without_a_script(key: str, values: dict[str, str], show: Any) -> None:
    page = show(key, **values)
    sent = page.read_filter_form()
    assert len({name for name, _value in sent}) == len(sent), "nothing is sent twice"
    assert show(key, **dict(sent)).filters == page.filters
    fields = set(page.list.definition.fields)
    assert fields <= set(page.list.definition.filter_set.base_filters)
    for name in fields & values.keys():
        assert name not in page.list.hidden_field_values


@pytest.mark.promise("G-27")
@each_list
def test_the_dialog_shows_what_is_chosen_and_leads_back(
    key: str, values: dict[str, str], show: Any, client: Any
) -> None:
    page = show(key, **values)
    dialog = client.get(page.list.filters_url)
    (form,) = [form for form in FormReader(dialog.content.decode()).forms if form["action"] == f"/lists/{key}/filters/"]
    sent: dict[str, list[str]] = {}
    for name, value in form["values"]:
        sent.setdefault(name, []).append(value)
    answer = client.post(form["action"], sent)
    assert answer.status_code == 302
    assert show(key, **dict(parse_qsl(urlsplit(answer.url).query))).filters == page.filters
    emptied = client.post(form["action"], {"query": sent["query"]})
    assert values.keys().isdisjoint(dict(parse_qsl(urlsplit(emptied.url).query)))


@pytest.mark.promise("CC-38")
@pytest.mark.parametrize("key", KEYS)
def test_the_page_of_exports_says_the_filters_in_words(
    key: str, values: dict[str, str], show: Any, as_tenant: Any
) -> None:
    """By their labels, with names for codes and days as the reader writes them, and nothing of what a tab sets."""
    listing = show(key).list
    definition = listing.definition
    for name, field in definition.filter_set.base_filters.items():
        choices = field.extra.get("choices") or ()
        choices = list(choices() if callable(choices) else choices)
        default = "true" if "widget" in field.extra else "2026-01-02" if isinstance(field, DateFilter) else ""
        values.setdefault(name, str(choices[0][0]) if choices else default)
    export = Export(list=FILES.get(key, key), query={"q": "birch", "ids": ["1", "2"], **values}, state="sent")
    with as_tenant(listing.actor), translation.override("fr"):
        [row] = build_export_rows(listing.actor, [export])
        parts = row.filters.split(" · ")
        for name, several in definition.several.items():
            names = {str(value): str(label) for value, label in list_choices(several, listing.actor)}
            labels = [names[value] for value in values[name].split(SEPARATOR) if value]
            assert not labels or f"{several.label}\N{NARROW NO-BREAK SPACE}: {', '.join(labels)}" in parts, name
        for one in definition.ranges:
            days = "1er janv. 2000 – 1er janv. 2100" if one.high else "à partir du 1er janv. 2000"
            assert any(part.startswith(str(one.label)) for part in parts), one.label
            assert one.kind is not DAYS or any(days in part for part in parts), one.label
    assert len(parts) == len(set(parts)) and not [
        part for part in parts if part.lstrip("\N{NARROW NO-BREAK SPACE}")[0] == ":"
    ]
    assert "None" not in row.filters and not re.search(r"[0-9a-f]{8}-|\d{4}-\d\d|, ,|\*", row.filters), row.filters


@pytest.mark.promise("G-27")
@each_list
def test_a_view_keeps_the_filters(key: str, values: dict[str, str], show: Any, client: Any) -> None:
    page = show(key, **values)
    client.post(f"/lists/{key}/views/new/", {"name": "Narrow", "query": page.list.filter_query_string})
    view = SavedView.objects.get(name="Narrow", list_key=key)
    again = show(key, **view.query, view=view.public_id)
    assert again.filters == page.filters and again.keys == page.keys
    assert not again.list.is_saved_view_modified


@pytest.mark.parametrize("key", KEYS)
def test_a_bad_value_is_no_error_of_the_server(key: str, client: Any) -> None:
    definition = find_list_definition(key)
    path, names = reverse(definition.url_name), definition.filter_set.base_filters
    for bad in BAD:
        query = urlencode([(name, value) for name in names for value in ("2026-01-01", bad)])  # the last one counts
        assert client.get(f"{path}?{query}").status_code == 200, bad
        if key == OF_ALL_KINDS or (key in WITH_DIALOG and bad == TOO_MUCH):
            form = dict.fromkeys(names, bad) | {"query": urlencode({"q": bad})}
            answer = client.post(f"/lists/{key}/filters/", form)
            assert answer.status_code in (200, 302), bad
            if bad == TOO_MUCH:
                assert answer.status_code == 200 and "error" in answer.content.decode()


@each_list
def test_a_range_that_ends_before_it_begins_is_refused(key: str, client: Any) -> None:
    both = [one for one in find_list_definition(key).ranges if one.high]
    bad: dict[str, str] = {}
    for one in both:
        bad |= dict(zip(one.names, ("2026-02-01", "2026-01-31") if one.kind is DAYS else ("2", "1"), strict=True))
    page = client.post(f"/lists/{key}/filters/", {"query": ""} | bad)
    assert page.status_code == (200 if both else 302)
    if both:
        said = {one.high: f"“To” must not be {'earlier' if one.kind is DAYS else 'less'} than “From”." for one in both}
        assert page.context["form"].errors == {name: [text] for name, text in said.items()}
        assert all(text in page.content.decode() for text in said.values())


@pytest.mark.parametrize("key", ["customers"])
def test_a_long_choice_narrows_the_file_as_it_does_the_page(key: str, show: Any) -> None:
    codes = [code for code, _name in list_country_choices() if code != "DE"]
    assert len(",".join(codes)) > 700
    assert not show(key, country=",".join(codes)).keys
    assert show(key, country=",".join([*codes, "DE"])).keys


@each_list
def test_without_a_filter_the_dialog_leads_to_the_whole_list(
    key: str, values: dict[str, str], show: Any, client: Any
) -> None:
    data = {"name": "Mine", "query": show(key, **values).list.filter_query_string}
    client.post(f"/lists/{key}/views/new/", data | {"is_default": "on"})
    path = reverse(find_list_definition(key).url_name)
    assert client.get(path).status_code == 302
    answer = client.post(f"/lists/{key}/filters/", {"query": ""})
    assert client.get(answer.url).status_code == 200 and answer.url.startswith(path)


@each_list
def test_several_values_and_ranges_ask_the_database_nothing_more(
    key: str, values: dict[str, str], client: Any, count_queries: Any
) -> None:
    path, tab = reverse(find_list_definition(key).url_name), dict(parse_qsl(who_looks_at(key)[1]))
    fields = set(find_list_definition(key).fields)
    one = {name: value.split(SEPARATOR)[0] if name in fields else value for name, value in values.items()}

    def count(query: dict[str, Any]) -> int:
        client.get(path, query)  # what is kept for the process is kept by now
        with count_queries() as asked:
            assert client.get(path, query).status_code == 200
        return len(asked)

    assert count(tab | values) <= count(tab | one)
