"""Pages of the inbox and of notice preferences.

Opening a notice marks it as read, so it is a POST. Everything works without script.
"""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from notifications import registry
from notifications.actions.inbox import dismiss_notice, mark_all_notices_read, mark_notice_read, restore_notice
from notifications.actions.preferences import set_notice_choices
from notifications.forms import NoticeChoicesForm
from notifications.lists.inbox import NoticeList
from notifications.models import Notice
from notifications.policies import ROLE_TABLE, NoticePermission
from partnerportal.lib.pages import get_posted_data, read_next_url, render_list_page, require_form, require_permission
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.visible_rows import get_by_public_id


@require_safe
@require_permission(ROLE_TABLE, NoticePermission.VIEW)
def inbox_page(request: PortalRequest) -> HttpResponse:
    """Show the inbox of the acting organisation, or for htmx only its list."""
    return render_list_page(
        request,
        NoticeList(request.actor, request.GET),
        page_template="notifications/inbox.html",
        list_template="notifications/inbox.html#list",
        context={"dismissing": ROLE_TABLE[NoticePermission.DISMISS].check_actor(request.actor)},
    )


def _notice(request: PortalRequest, notice_id: UUID) -> Notice:
    return get_by_public_id(Notice.objects.visible_to(request.actor), notice_id)


def _back(request: PortalRequest) -> HttpResponse:
    """Redirect to the page that the form was on."""
    return redirect(read_next_url(request, "inbox"))


@require_POST
@require_permission(ROLE_TABLE, NoticePermission.VIEW)
def notice_open(request: PortalRequest, notice_id: UUID) -> HttpResponse:
    """Mark a notice as read by the person, and redirect to the page that it leads to."""
    notice = _notice(request, notice_id)
    mark_notice_read(actor=request.actor, notice=notice)
    kind = registry.get_notice_kinds().get(notice.kind)
    path = kind.get_link_path(notice) if kind else ""
    return redirect(path) if path else _back(request)


@require_POST
@require_permission(ROLE_TABLE, NoticePermission.DISMISS)
def notice_dismiss(request: PortalRequest, notice_id: UUID) -> HttpResponse:
    """Dismiss a notice for the organisation (CC-56…CC-58); the toast has a button that undoes it."""
    notice = _notice(request, notice_id)
    dismiss_notice(actor=request.actor, notice=notice)
    undo = f"undo={reverse('notice_restore', args=[notice.public_id])}"
    messages.success(request, _("Notification dismissed"), extra_tags=undo)
    return _back(request)


@require_POST
@require_permission(ROLE_TABLE, NoticePermission.DISMISS)
def notice_restore(request: PortalRequest, notice_id: UUID) -> HttpResponse:
    """Undo the dismissal of a notice."""
    restore_notice(actor=request.actor, notice=_notice(request, notice_id))
    messages.success(request, _("Notification restored"))
    return _back(request)


@require_POST
@require_permission(ROLE_TABLE, NoticePermission.VIEW)
def inbox_mark_all_read(request: PortalRequest) -> HttpResponse:
    """Mark every notice of the organisation as read by the person."""
    mark_all_notices_read(actor=request.actor)
    messages.success(request, _("All notifications marked as read"))
    return _back(request)


@require_form
@require_permission(ROLE_TABLE, NoticePermission.VIEW)
def notice_preferences_edit(request: PortalRequest) -> HttpResponse:
    """Show which notices of this organisation a person gets, in the inbox and by e-mail; on POST store the choice.

    People in any role may choose.
    """
    form = NoticeChoicesForm(request.actor, get_posted_data(request))
    if request.method == "POST" and form.is_valid():
        set_notice_choices(actor=request.actor, choices=form.choices_by_kind)
        messages.success(request, _("Notification preferences saved."))
        return redirect("notice_preferences")
    return render(request, "notifications/preferences.html", {"form": form})
