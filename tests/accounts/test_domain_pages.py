"""The pages of an organisation's domains: the list, its dialogs, and what they say."""

import pytest
import time_machine
from django.utils import timezone

from accounts.models import OrganizationDomain
from accounts.rows.domains import FINDINGS, describe_finding
from tests.world import domain_of

State, Outcome = OrganizationDomain.State, OrganizationDomain.Outcome


@pytest.fixture
def domain(world):
    return OrganizationDomain.objects.get(organization=world.partner)


def test_the_list_shows_the_record_to_copy(web, domain):
    page = web("partner.admin").get("/domains/")
    text = page.content.decode()
    assert f"_partnerportal.{domain.name}" in text and domain.record_value in text
    assert "Not verified yet" in text and "Not checked yet." in text
    assert "example.com" in text  # the first Admin's, as long as none is proved


def test_an_address_at_one_of_several_domains_is_enough(web, domain):
    OrganizationDomain.objects.filter(pk=domain.pk).update(confirmed_at=timezone.now())
    text = web("partner.admin").get("/domains/").content.decode()
    names = sorted([domain.name, "example.com"])
    assert f"Operators need an email address at {names[0]} or {names[1]}." in text


def test_a_list_without_domains_explains_them(web, world):
    text = web("customer2.admin").get("/domains/").content.decode()
    assert "No domains yet" in text and "TXT record" in text


def test_a_reader_reads_and_changes_nothing(web, domain):
    text = web("partner.reader").get("/domains/").content.decode()
    assert domain.record_value in text
    assert f"/domains/{domain.public_id}/" not in text
    assert "Only Admins" in text


def test_adding_a_domain(web, world):
    client = web("customer2.admin")
    assert client.get("/domains/new/").status_code == 200
    page = client.post("/domains/new/", {"name": "Bücher.example"}, follow=True)
    assert page.redirect_chain == [("/domains/", 302)]
    stored = OrganizationDomain.objects.get(organization=world.customer2)
    assert stored.name == "xn--bcher-kva.example"
    text = page.content.decode()
    assert (
        "bücher.example (xn--bcher-kva.example) added. Now create its TXT record." in text
        and stored.record_value in text
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", "This field is required."),
        ("no domain", "Enter a domain name"),
        ("gmail.com", "Anyone can get an address"),
        (domain_of("partner"), "already on the list"),
    ],
)
def test_a_wrong_name_is_refused_beside_the_field(name, text, web):
    page = web("partner.admin").post("/domains/new/", {"name": name})
    assert page.status_code == 200
    assert text in page.content.decode()


def test_check_now_shows_that_it_is_checked(web, domain):
    page = web("partner.admin").post(f"/domains/{domain.public_id}/check/", follow=True)
    text = page.content.decode()
    assert "Checking…" in text and 'hx-trigger="every 2s"' in text and "Reload" in text
    domain.refresh_from_db()
    assert domain.is_check_due
    part = web("partner.admin").get("/domains/", headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<div class="stack settings" id="domains"') and "<html" not in part


def test_a_check_too_soon_says_when_the_next_is_possible(web, domain):
    client, path = web("partner.admin"), f"/domains/{domain.public_id}/check/"
    with time_machine.travel(timezone.now(), tick=False):
        client.post(path)
        OrganizationDomain.objects.filter(pk=domain.pk).update(next_check_at=None)
        page = client.post(path, follow=True)
    assert page.redirect_chain == [("/domains/", 302)]
    assert f"{domain.name} was checked a moment ago. Try again in 30 seconds." in page.content.decode()
    domain.refresh_from_db()
    assert not domain.is_check_due


def test_the_page_stops_asking_when_the_check_is_done(web, domain):
    OrganizationDomain.objects.filter(pk=domain.pk).update(
        outcome=Outcome.OTHER_VALUE, found=["<b>v=spf1</b>"], found_at=domain.record_name, checked_at=timezone.now()
    )
    text = web("partner.admin").get("/domains/").content.decode()
    assert "every 2s" not in text
    assert "has other records" in text and "&lt;b&gt;v=spf1&lt;/b&gt;" in text


@pytest.mark.parametrize("outcome", Outcome)
def test_each_finding_has_its_words(outcome, domain):
    domain.outcome, domain.found_at = outcome, "found.example"
    assert outcome in FINDINGS
    assert "%" not in describe_finding(domain) and describe_finding(domain).endswith((".", ":"))


def test_removing_asks_first(web, domain):
    OrganizationDomain.objects.filter(pk=domain.pk).update(state=State.PROVED, proved_at=timezone.now())
    client = web("partner.admin")
    assert "Current operators will stay" in client.get(f"/domains/{domain.public_id}/remove/").content.decode()
    client.post(f"/domains/{domain.public_id}/remove/")
    assert not OrganizationDomain.objects.filter(pk=domain.pk).exists()


def test_each_state_has_its_word(web, domain):
    now = timezone.now()
    for values, word in (
        ({"state": State.PROVED, "proved_at": now}, "Verified"),
        ({"state": State.LAPSED, "proved_at": now}, "Lapsed"),
    ):
        OrganizationDomain.objects.filter(pk=domain.pk).update(**values)
        assert f">{word}</span>" in web("partner.admin").get("/domains/").content.decode()
    OrganizationDomain.objects.create(organization=domain.organization, name="c.example", confirmed_at=now)
    assert "Confirmed by the vendor" in web("partner.admin").get("/domains/").content.decode()
