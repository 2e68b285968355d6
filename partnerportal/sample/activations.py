"""Of the sample data: what staff have opened for trial, and activation links at every step. None of them was mailed."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from accounts.models import Organization, Program
from entitlements.actions.trial_offers import open_trial_offer
from entitlements.models import ActivationLink, Sku
from entitlements.queries.trial_offers import list_add_ons
from partnerportal.lib.actors import Actor

OPENED = {"NB-DSK-CLD": 25, "NB-FIL-SHR": 50}  # SKUs that can be tried, and the most licences of a trial
Row = tuple[str, str, float, dict[str, Any]]
# Of each link: the organisation, its country, how many days ago it was sent, and what has become of it.
CUSTOMERS: tuple[Row, ...] = (
    ("Kite & Harrow", "GB", 20.0, {"revoked": 18.0, "reason": "They are a customer already, under another name."}),
    ("Ashdown & Pryce Solicitors", "GB", 16.0, {"opened": 15.8, "signed_in": 15.7, "accepted": 15.7}),
    ("Verde Impianti", "IT", 12.0, {}),
    ("Boulangeries Le Hir", "FR", 4.5, {}),
    ("Lindqvist Arkitekter", "SE", 2.5, {"opened": 2.2, "signed_in": 2.1, "problem": "trial_taken"}),
    ("Tannhof Kliniken", "DE", 1.5, {"opened": 1.4}),
    ("Marrow & Stone Kitchens", "GB", 0.9, {"opened": 0.4, "signed_in": 0.4}),
    ("Oakline Logistics", "GB", 0.4, {"bounced": 0.3}),
    ("Ashford Veterinary Clinics", "GB", 0.2, {}),
)
CUSTOMERS_OF_DISTRIBUTOR: tuple[Row, ...] = (
    ("Cabinet Vasseur", "FR", 5.2, {"opened": 5.0}),
    ("Menuiserie Aubrac", "FR", 1.1, {}),
)
PARTNERS: tuple[Row, ...] = (
    ("Nuage Conseil", "FR", 9.0, {}),
    ("Nordlys Drift", "NO", 6.0, {"opened": 5.5, "signed_in": 5.5, "accepted": 4.2}),
    ("Silverbrook IT", "IE", 0.6, {"opened": 0.5}),
)


def write_sample_activations(organizations: Mapping[str, Organization], now: dt.datetime) -> None:
    """Open two SKUs for trial, and write links of a partner and its distributor, each in another step."""
    staff = Actor.system("vendor staff")
    skus = {sku.code: sku for sku in Sku.objects.filter(code__in=OPENED)}
    for code, limit in OPENED.items():
        add_ons = list(list_add_ons(skus[code].service))
        open_trial_offer(actor=staff, sku=skus[code], seat_limit=limit, add_ons=add_ons)
    distributor = organizations["aldervale"]
    for sender, partner, rows in (
        (organizations["brightwater"], organizations["brightwater"], CUSTOMERS),
        (distributor, organizations["ateliers-rhone"], CUSTOMERS_OF_DISTRIBUTOR),
    ):
        for number, row in enumerate(rows):
            sku = skus["NB-FIL-SHR" if number % 3 == 1 else "NB-DSK-CLD"]
            offer = {"sku": sku, "seats": 10 + 5 * (number % 3), "partner": partner, "partner_name": partner.name}
            _write_link(sender, "customer", row, now, **offer)
    program = Program.objects.get(code="solution_advisor")
    for row in PARTNERS:
        _write_link(distributor, "partner", row, now, program=program)


def _write_link(sender: Organization, kind: str, row: Row, now: dt.datetime, **offer: Any) -> None:
    name, country, days_ago, become = row

    def ago(what: str) -> dt.datetime | None:
        return now - dt.timedelta(days=become[what]) if what in become else None

    sent_at = now - dt.timedelta(days=days_ago)
    word = "".join(letter for letter in name.lower() if letter.isalpha() and letter.isascii())
    ActivationLink.objects.create(
        organization=sender,
        sender_name=sender.name,
        kind=kind,
        email=f"it@{word}.example",
        name=name,
        country=country,
        language="fr" if country == "FR" else "en",
        created_at=sent_at,
        expires_at=sent_at + dt.timedelta(days=7),
        opened_at=ago("opened"),
        signed_in_at=ago("signed_in"),
        bounced_at=ago("bounced"),
        problem=become.get("problem", ""),
        problem_at=ago("signed_in") if "problem" in become else None,
        closed_at=ago("revoked") or ago("accepted"),
        state=next((state for state in ("revoked", "accepted") if state in become), "open"),
        account=Organization.objects.get(name=name) if "accepted" in become else None,
        reason=become.get("reason", ""),
        end_told_at=now,
        reminded_at=now,
        **offer,
    )
