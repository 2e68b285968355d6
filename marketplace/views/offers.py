"""Pages of a publisher's offers: the list, and the overview of one."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.actions.offers import create_offer, set_technical_configuration
from marketplace.forms.offers import CreateOfferForm
from marketplace.forms.technical import TechnicalForm
from marketplace.lists.offers import OfferList
from marketplace.models import OfferType
from marketplace.offer_frame import authorize_post, render_offer_page
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.offers import get_newest_version, get_own_offer, make_technical_version, make_tree
from marketplace.rows.checklist import make_checklist
from marketplace.rows.offers import make_plan_rows
from partnerportal.lib.errors import NotFound, StaleVersion
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import get_posted_data, render_list_page, require_form, require_permission
from partnerportal.lib.requests import PortalRequest

may_view = require_permission(ROLE_TABLE, OfferPermission.VIEW_OWN)
may_edit = require_permission(ROLE_TABLE, OfferPermission.EDIT)


@require_safe
@may_view
def offer_list(request: PortalRequest) -> HttpResponse:
    """Show the publisher its offers, those changed last first."""
    return render_list_page(
        request,
        OfferList(request.actor, request.GET),
        page_template="marketplace/offers.html",
        list_template="marketplace/offers.html#list",
        context={"may_edit": ROLE_TABLE[OfferPermission.EDIT].check_actor(request.actor)},
    )


@require_form
@may_edit
def offer_create(request: PortalRequest) -> HttpResponse:
    """Show the form for a new offer, which says what becomes fixed; on POST create the offer and lead to its page."""
    form = CreateOfferForm(get_posted_data(request))
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            offer = create_offer(actor=request.actor, **form.cleaned_data)
            messages.success(request, _("The draft of the offer %(code)s was created.") % {"code": offer.code})
            return redirect("offer", offer_id=offer.public_id)
    return render(request, "marketplace/offer_new.html", {"form": form})


@require_safe
@may_view
def offer_overview(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show the overview of an offer: its state, what its draft lacks, and what to do next."""
    offer = get_own_offer(request.actor, offer_id)
    newest = get_newest_version(offer)
    context = {
        "newest": newest,
        "plans": make_plan_rows(newest.content.get("plans", [])),
        "checklist": make_checklist(offer, make_tree(newest)),
    }
    return render_offer_page(request, offer, tab="overview", template="marketplace/offer.html", context=context)


@require_form
@may_view
def offer_technical(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show the form of a SaaS offer's technical configuration; on POST change it, which holds at once."""
    offer = get_own_offer(request.actor, offer_id)
    if offer.type != OfferType.SAAS:
        raise NotFound("not_found", "")
    authorize_post(request)
    initial = {field: getattr(offer.private, field) for field in TechnicalForm.base_fields}
    form = TechnicalForm(get_posted_data(request), initial=initial)
    context = {"form": form, "seen": make_technical_version(offer), "stored": offer.private, "is_overtaken": False}
    if request.method == "POST" and form.is_valid():
        try:
            seen = request.POST.get("seen", "")
            set_technical_configuration(actor=request.actor, offer=offer, seen=seen, **form.cleaned_data)
        except StaleVersion:
            context["is_overtaken"] = True
        else:
            messages.success(request, _("Technical configuration saved."))
            return redirect("offer_technical", offer_id=offer.public_id)
    template, status = "marketplace/offer_technical.html", 409 if context["is_overtaken"] else 200
    return render_offer_page(request, offer, tab="technical", template=template, context=context, status=status)
