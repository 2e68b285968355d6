"""The lists of pending customers and partners in every order: what the page shows is what they are sorted by."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from html import escape, unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from entitlements.exports.activations import PENDING_CUSTOMERS as EXPORTED
from entitlements.models import ActivationLink
from entitlements.queries.activation import annotate_present_step, list_activation_links
from entitlements.rows.activations import build_activation_steps, find_present_step
from tests.world import World

LIST = "/customers/pending/"
KEPT = settings.PORTAL_ACTIVATION_KEPT
COLUMNS = ("name", "email", "sent", "ends", "step", "since")
Now = dt.datetime


def days(now: Now, number: int) -> Now:
    return now + dt.timedelta(days=number)


# How far a link has come, in the order of its steps, with the columns that say so.
STEPS: dict[str, Callable[[Now], dict[str, Any]]] = {
    "Not delivered": lambda now: {"bounced_at": days(now, -1)},
    "Not opened yet": lambda now: {"created_at": days(now, -9), "expires_at": days(now, -1) + KEPT},
    "Not signed in yet": lambda now: {"opened_at": days(now, -3)},
    "Not activated yet": lambda now: {"opened_at": days(now, -5), "signed_in_at": days(now, -4)},
    "Membership not confirmed yet": lambda now: {"state": "accepted", "closed_at": days(now, -6)},
    "Membership confirmed": lambda now: {"state": "accepted", "closed_at": days(now, -7)},
    "Trial started": lambda now: {"state": "accepted", "closed_at": days(now, -7)},
    "Expired": lambda now: {"expires_at": days(now, -8), "opened_at": days(now, -20)},
    "Declined": lambda now: {"state": "accepted", "closed_at": days(now, -12), "declined_at": days(now, -10)},
    "Withdrawn": lambda now: {"state": "revoked", "closed_at": days(now, -11)},
}
STOPPED: dict[str, Callable[[Now], dict[str, Any]]] = {
    step: lambda now, step=step: STEPS[step](now) | {"problem": "sku_withdrawn", "problem_at": days(now, -2)}  # type: ignore[misc]
    for step in ("Not opened yet", "Not signed in yet", "Not activated yet")
}


def copy(link: ActivationLink, **columns: Any) -> ActivationLink:
    """Return a further link like this one, as if it had been sent like this long ago."""
    link = ActivationLink.objects.get(pk=link.pk)
    link.pk, link.public_id, link._state.adding = None, uuid4(), True
    link.save(force_insert=True)
    ActivationLink.objects.filter(pk=link.pk).update(**columns)
    return ActivationLink.objects.get(pk=link.pk)


OF_PARTNERS = {"Membership not confirmed yet", "Membership confirmed", "Declined"}
OF_CUSTOMERS = {"Trial started"}


@pytest.mark.parametrize("steps", [STEPS, STOPPED], ids=["steps", "stopped"])
@pytest.mark.parametrize("kind", ["customer", "partner"])
def test_every_step_is_sorted_by_what_the_page_shows(
    world: World, actor_for: Any, kind: str, steps: dict[str, Callable[[Now], dict[str, Any]]]
) -> None:
    now, member, new = timezone.now(), world.partner2, world.lapsed
    new.memberships.all().delete()
    link = ActivationLink.objects.get(organization=world.partner if kind == "customer" else world.distributor)
    ActivationLink.objects.exclude(pk=link.pk).delete()
    names = [name for name in steps if name not in (OF_PARTNERS if kind == "customer" else OF_CUSTOMERS)]
    for name in reversed(names):
        columns = steps[name](now)
        if columns.get("state") == "accepted":
            # By a copied link: the email itself was not delivered.
            columns |= dict.fromkeys(("bounced_at", "opened_at", "signed_in_at"), days(now, -15))
            columns |= {"account": member if name == "Membership confirmed" else new}
        copy(link, **columns)
    link.delete()
    links = list(annotate_present_step(list_activation_links(actor_for("vendor.admin"), kind)).order_by("step_place"))
    shown = [find_present_step(each, build_activation_steps(each)) for each in links]
    assert [step.label for step in shown] == names
    assert [step.at for step in shown] == [each.step_since for each in links]  # type: ignore[attr-defined]


@pytest.fixture
def many(world: World) -> list[ActivationLink]:
    """Thirty pending customers of the partner: alike in some columns by threes, so that orders have equals."""
    link, now = ActivationLink.objects.get(organization=world.partner), timezone.now()
    made = []
    for number in range(30):
        mixed = number * 7 % 30
        name = ("Émile", "étoile", "alpha", "Beta", "ＦＯＯ")[mixed % 5]
        opened = {"opened_at": days(now, -(mixed % 4) - 1)} if mixed % 2 else {}
        made.append(
            copy(
                link,
                name=f"{name} {mixed // 15}",
                email=f"invited.{mixed // 3:02}@example.com",
                created_at=days(now, -(mixed % 9) - 1),
                expires_at=days(now, mixed % 6 + 1),
                **opened,
            )
        )
    link.delete()
    return made


def emails_in(page: Any) -> list[str]:
    return re.findall(r'<small translate="no" title="([^"]+)"', page.content.decode())


def ids_in(page: Any) -> list[str]:
    return re.findall(r'name="row" value="([^"]+)"', page.content.decode())


def turn_pages(client: Any, address: str) -> Iterator[Any]:
    """Yield the page at an address, and each that its link to the next page leads to."""
    while address:
        page = client.get(address)
        yield page
        following = re.search(r'rel="next" href="([^"]+)"', page.content.decode())
        address = unescape(following[1]) if following else ""


KEYS: dict[str, Callable[[Any], Any]] = {
    "name": lambda link: link.name_folded,
    "email": lambda link: link.email,
    "sent": lambda link: link.created_at,
    "ends": lambda link: link.expires_at,
    "step": lambda link: link.opened_at is not None,
    "since": lambda link: find_present_step(link, build_activation_steps(link)).at,
}


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("who", ["partner.reader", "vendor.reader"])
def test_each_order_turns_its_pages_forth_and_back(
    world: World, web: Any, many: list[ActivationLink], who: str, column: str, sign: str
) -> None:
    if who == "vendor.reader":
        ActivationLink.objects.exclude(pk__in=[link.pk for link in many]).delete()
    expected = sorted(many, key=lambda link: (KEYS[column](link), link.pk), reverse=bool(sign))
    pages = list(turn_pages(web(who), f"{LIST}?sort={sign}{column}&size=25"))
    assert [each for page in pages for each in ids_in(page)] == [str(link.public_id) for link in expected]
    back = re.search(r'rel="prev" href="([^"]+)"', pages[1].content.decode())
    assert back and ids_in(web(who).get(unescape(back[1]))) == ids_in(pages[0])


def test_it_begins_with_what_was_sent_last(web: Any, many: list[ActivationLink]) -> None:
    expected = sorted(many, key=lambda link: (link.created_at, link.pk), reverse=True)
    page = web("partner.reader").get(f"{LIST}?size=50")
    assert ids_in(page) == [str(link.public_id) for link in expected]
    for column in ("name", "step", "since"):
        assert f'href="{LIST}?sort={column}"' in page.content.decode()


def test_a_page_stays_whole_when_rows_come_and_go_meanwhile(web: Any, many: list[ActivationLink]) -> None:
    client = web("partner.reader")
    first = client.get(f"{LIST}?sort=name&size=25")
    following = re.search(r'rel="next" href="([^"]+)"', first.content.decode())
    seen = ids_in(first)
    gone = ActivationLink.objects.get(public_id=seen[3])
    copy(gone, name="Aaa")
    gone.delete()
    assert following
    rest = ids_in(client.get(unescape(following[1])))
    assert len(rest) == 5 and not {*rest} & {*seen}


def test_names_are_sorted_without_case_accents_and_width(web: Any, many: list[ActivationLink]) -> None:
    page = web("partner.reader").get(f"{LIST}?sort=name&size=50").content.decode()
    names = [unescape(name) for name in re.findall(r"data-dialog>([^<]+)</a><small translate", page)]
    assert [name for at, name in enumerate(names) if name not in names[:at]] == [
        *("alpha 0", "alpha 1", "Beta 0", "Beta 1"),
        *("Émile 0", "Émile 1", "étoile 0", "étoile 1", "ＦＯＯ 0", "ＦＯＯ 1"),
    ]


@pytest.mark.parametrize("sort", ["name", "-ends", "since", "step", ""])
def test_the_file_has_the_order_of_the_page(
    web: Any, actor_for: Any, as_tenant: Any, many: list[ActivationLink], sort: str
) -> None:
    page = web("partner.reader").get(f"{LIST}?sort={sort}&size=50")
    actor = actor_for("partner.reader")
    with as_tenant(actor):
        query = EXPORTED.pick_filters({"state": "open", "sort": sort})
        rows = [str(link.public_id) for link in EXPORTED.rows(actor, query, None)]
    assert rows == ids_in(page)


@pytest.mark.parametrize(
    ("column", "index"),
    [
        ("name_folded", "activation_by_name"),
        ("email", "activation_by_email"),
        ("created_at", "activation_by_sending"),
        ("expires_at", "activation_by_end"),
    ],
)
def test_an_index_serves_each_order_of_the_vendor(world: World, actor_for: Any, column: str, index: str) -> None:
    link = ActivationLink.objects.get(organization=world.partner)
    names = [field.column for field in ActivationLink._meta.local_concrete_fields if not field.primary_key]
    copied = [name for name in names if name not in ("public_id", "name_folded", "email", "created_at")]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO entitlements_activationlink (public_id, email, created_at, {', '.join(copied)})"
            f" SELECT gen_random_uuid(), md5(n::text) || '@example.com', now() - n * interval '1 minute',"
            f" {', '.join(copied)} FROM entitlements_activationlink, generate_series(1, 3000) n WHERE id = %s",
            [link.pk],
        )
        cursor.execute("UPDATE entitlements_activationlink SET name = email, expires_at = now() + id * interval '1 s'")
        cursor.execute("ANALYZE entitlements_activationlink")
    rows = list_activation_links(actor_for("vendor.reader"), "customer").filter(state="open")
    assert index in annotate_present_step(rows).order_by(f"-{column}", "-pk")[:51].explain()


@pytest.mark.parametrize("action", ["resend", "change", "copy", "revoke"])
def test_the_dialogs_of_a_link_lead_back_to_the_list_as_it_was(world: World, web: Any, action: str) -> None:
    link, client = ActivationLink.objects.get(organization=world.partner), web("partner.admin")
    page = client.get("/customers/pending/?state=sent&q=a").content.decode()
    (url,) = re.findall(f'href="(/activations/{link.public_id}/{action}/[^"]*)"', page)
    dialog, shown = client.get(url).content.decode(), parse_qs(urlsplit(url).query)["next"][0]
    assert "q=a" in shown and f'name="next" value="{escape(shown)}"' in dialog and f'href="{escape(shown)}"' in dialog
    assert "evil.example" not in client.get(f"{url.partition('?')[0]}?next=https://evil.example/").content.decode()
