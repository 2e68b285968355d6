"""A web process's worth of connection events: accepts and ends, one transaction each, under row-level security.

Run as `python -m tests.faults.load TOKEN SECONDS`; one line of its output for each action that failed.
"""

import sys
import time

import django

from partnerportal.lib.scopes import ALL

django.setup()

from django.db import transaction  # noqa: E402

from accounts.models import Organization, Person  # noqa: E402
from connections.actions import accept_invitation, end_connection  # noqa: E402
from connections.models import Connection  # noqa: E402
from partnerportal.lib import tenancy  # noqa: E402
from partnerportal.lib.actors import Actor  # noqa: E402


def action(customer_id: int, person_id: int, token: str) -> None:
    with transaction.atomic():
        tenancy.enter_tenant(organization_id=customer_id, person_id=person_id)
        customer = Organization.objects.get(pk=customer_id)
        actor = Actor(
            person_id=person_id,
            label="Load",
            organization_id=customer.pk,
            organization_name=customer.name,
            organization_kind="customer",
            roles=frozenset({"admin"}),
        )
        connected = Connection.objects.visible_to(actor).active().first()
        if connected:
            end_connection(actor=actor, connection=connected)
        else:
            accept_invitation(actor=actor, token=token, scopes=ALL)


def main(token: str, seconds: float, customers: list[int]) -> None:
    person_id = Person.objects.earliest("pk").pk  # an Admin of each
    started = time.monotonic()
    for number, customer_id in enumerate(customers):
        try:
            action(customer_id, person_id, token)
        except Exception as error:
            sys.stdout.write(f"{customer_id} {error!r}\n")
        ahead = started + seconds * number / len(customers) - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), [int(line) for line in sys.stdin])
