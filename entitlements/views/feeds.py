"""The vendor's pages of its feeds: which systems send files, what they sent, and the tokens with which they do."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.guards import require_vendor_staff
from entitlements.feed_forms import FeedTokenForm
from entitlements.ingest.tokens import create_ingest_token, revoke_ingest_token
from entitlements.lists.uploads import UploadList
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.feeds import get_feed_token, get_upload
from entitlements.rows.feeds import make_feed_source_rows, make_upload_problem_rows, make_upload_row
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import get_posted_data, render_list_page, require_form, require_permission
from partnerportal.lib.requests import PortalRequest

may_view = require_permission(ROLE_TABLE, EntitlementPermission.VIEW_FEEDS)
may_manage = require_permission(ROLE_TABLE, EntitlementPermission.MANAGE_FEEDS)


@require_safe
@require_vendor_staff()
@may_view
def feed_list(request: PortalRequest) -> HttpResponse:
    """Show the vendor's staff which systems send files and how fresh those are, and what they sent."""
    uploads = UploadList(request.actor, request.GET)
    context = {
        "sources": make_feed_source_rows(uploads.sources),
        "may_manage": ROLE_TABLE[EntitlementPermission.MANAGE_FEEDS].check_actor(request.actor),
    }
    page, part = "entitlements/feeds.html", "entitlements/feeds.html#list"
    return render_list_page(request, uploads, page_template=page, list_template=part, context=context)


@require_safe
@require_vendor_staff()
@may_view
def feed_upload(request: PortalRequest, upload_id: UUID) -> HttpResponse:
    """Show what became of one file: how many lines had which outcome, and the first problems."""
    upload = get_upload(request.actor, upload_id)
    context = {
        "upload": upload,
        "row": make_upload_row(upload),
        "problems": make_upload_problem_rows(upload.problems),
    }
    return render(request, "entitlements/feed_upload.html", context)


@require_form
@require_vendor_staff()
@may_manage
@never_cache
@vary_on_headers("HX-Request")
def feed_token_create(request: PortalRequest) -> HttpResponse:
    """Ask which system a new token is for; on POST create it, and show its secret this once."""
    form, secret = FeedTokenForm(get_posted_data(request)), ""
    if form.is_valid():
        with show_errors_in_form(form):
            secret = create_ingest_token(actor=request.actor, **form.cleaned_data)
    context = {"form": form, "secret": secret, "name": form.cleaned_data.get("name") if secret else ""}
    return render(request, "entitlements/feed_token.html", context)


@require_form
@require_vendor_staff()
@may_manage
@vary_on_headers("HX-Request")
def feed_token_revoke(request: PortalRequest, token_id: UUID) -> HttpResponse:
    """Ask whether to revoke a token; on POST revoke it at once."""
    token = get_feed_token(request.actor, token_id)
    if request.method == "POST":
        revoke_ingest_token(actor=request.actor, name=token.name)
        messages.success(request, _("The token “%(name)s” was revoked.") % {"name": token.name})
        return redirect("feeds")
    return render(request, "entitlements/feed_token_revoke.html", {"token": token})
