"""The simulator: may this partner sell this plan to this customer, and which rules say no (G-10)."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.simulator import Simulation
from partnerportal.lib.pages import require_permission
from partnerportal.lib.requests import PortalRequest


@require_safe
@require_permission(ROLE_TABLE, OfferPermission.SIMULATE)
def simulator(request: PortalRequest) -> HttpResponse:
    """Show who can be chosen, and once a partner and a plan are, whether the sale can be made."""
    simulation = Simulation(request.actor, request.GET)
    return render(request, "marketplace/simulator.html", {"simulation": simulation})
