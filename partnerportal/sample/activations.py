"""Of the sample data: what staff have opened for trial, and activation links at every step. None of them was mailed."""

import datetime as dt
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
    ("Ashford Veterinary Clinics", "GB", 0.2, {}),
    ("Boulangeries Le Hir", "FR", 4.5, {}),
    ("Tannhof Kliniken", "DE", 1.5, {"opened": 1.4}),
    ("Lindqvist Arkitekter", "SE", 2.5, {"opened": 2.2, "signed_in": 2.1, "problem": "trial_taken"}),
    ("Oakline Logistics", "GB", 0.4, {"bounced": 0.3}),
    ("Verde Impianti", "IT", 12.0, {}),
    ("Kite & Harrow", "GB", 20.0, {"revoked": 18.0, "reason": "They are a customer already, under another name."}),
)
PARTNERS: tuple[Row, ...] = (("Silverbrook IT", "IE", 0.6, {"opened": 0.5}), ("Nuage Conseil", "FR", 9.0, {}))


def write_sample_activations(partner: Organization, distributor: Organization, now: dt.datetime) -> None:
    """Open two SKUs for trial, and write links of a partner to customers and of its distributor to partners."""
    staff = Actor.system("vendor staff")
    skus = {sku.code: sku for sku in Sku.objects.filter(code__in=OPENED)}
    for code, limit in OPENED.items():
        add_ons = list(list_add_ons(skus[code].service))
        open_trial_offer(actor=staff, sku=skus[code], seat_limit=limit, add_ons=add_ons)
    offer = {"sku": skus["NB-DSK-CLD"], "seats": 10, "partner": partner, "partner_name": partner.name}
    for row in CUSTOMERS:
        _write_link(partner, "customer", row, now, **offer)
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
        problem_at=ago("signed_in"),
        closed_at=ago("revoked"),
        state="revoked" if "revoked" in become else "open",
        reason=become.get("reason", ""),
        end_told_at=now,
        reminded_at=now,
        **offer,
    )
