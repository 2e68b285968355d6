from django.core.management.base import CommandError, CommandParser

from accounts.management.arguments import find_organization
from entitlements.actions.trial_offers import open_trial_offer, withdraw_trial_offer
from entitlements.models import Sku, TrialOffer
from partnerportal.lib.commands import StaffCommand


class Command(StaffCommand):
    help = "Open a SKU for trial by activation links, change how it is open, or withdraw it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sku", metavar="SKU", help="its code")
        parser.add_argument("--licences", type=int, default=100, help="the most that one trial may have")
        parser.add_argument("--add-on", dest="add_ons", action="append", default=[], metavar="SKU", help="repeatable")
        parser.add_argument(
            "--for",
            dest="organizations",
            action="append",
            metavar="ORGID",
            help="a distributor, with its partners, or a partner that may offer it; repeatable; without it all may",
        )
        parser.add_argument("--withdraw", action="store_true", help="nobody can offer it any more")

    def handle(
        self,
        *args: object,
        sku: str,
        licences: int,
        add_ons: list[str],
        organizations: list[str] | None,
        withdraw: bool,
        **options: object,
    ) -> None:
        row = _find_sku(sku)
        if withdraw:
            offer = TrialOffer.objects.filter(sku=row).first()
            if offer is None:
                raise CommandError(f"{sku} was never open for trial.")
            withdraw_trial_offer(actor=self.actor, offer=offer)
            self.stdout.write(f"{row} can no longer be tried.")
            return
        offer = open_trial_offer(
            actor=self.actor,
            sku=row,
            seat_limit=licences,
            add_ons=[_find_sku(code) for code in add_ons],
            organizations=[find_organization(org_id) for org_id in organizations] if organizations else None,
        )
        who = "all" if offer.is_for_all else f"{len(offer.organization_ids)} organisations"
        self.stdout.write(f"{row} can be tried with up to {offer.seat_limit} licences; {who} may offer it.")


def _find_sku(code: str) -> Sku:
    """Return the SKU with this code. Raises CommandError for an unknown one."""
    sku = Sku.objects.filter(code=code).first()
    if sku is None:
        raise CommandError(f"There is no SKU {code}.")
    return sku
