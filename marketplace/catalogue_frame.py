"""The frame of the vendor's catalogue settings: the tabs that all of its pages have, and the dialogs of one entry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Competency, Skill
from marketplace.models import Category
from marketplace.policies import ROLE_TABLE, OfferPermission
from partnerportal.lib.errors import Conflict, Message
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.formats import format_number
from partnerportal.lib.lists import ListTab
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.revisions import read_posted_revision

TABS = (  # the names of their URLs
    ("catalogue_markets", _("Markets")),
    ("catalogue_categories", _("Categories")),
    ("catalogue_competencies", _("Competencies")),
    ("catalogue_skills", _("Skills")),
    ("catalogue_skus", _("SKUs")),
)


def render_catalogue_page(request: PortalRequest, tab: str, template: str, context: Mapping[str, Any]) -> HttpResponse:
    """Render a page of the catalogue settings with its tabs. `tab` is the name of the present one's URL.

    Templates find `may_edit`, the answer of the role table to whether the person may edit the catalogue.
    """
    tabs = [ListTab(str(label), reverse(name), None, name == tab) for name, label in TABS]
    may_edit = ROLE_TABLE[OfferPermission.EDIT_CATALOGUE].check_actor(request.actor)
    return render(request, template, {"tabs": tabs, "tab": tab, "may_edit": may_edit, **context})


@dataclass(frozen=True, kw_only=True)
class EntryDialog:
    """The words of the dialog that adds or edits an entry, where it leads back to, and its tab's name."""

    title: Message
    button: Message
    done: Message  # the toast, with a placeholder for the name
    back: str
    tab: Message
    hint: Message = ""


def edit_entry(request: PortalRequest, form: Form, save: Callable[[], Any], words: EntryDialog) -> HttpResponse:
    """Show the form of an entry; on POST save what it holds, or show it again with what is wrong.

    What a colleague has changed meanwhile stands beside what the person has entered, so that nothing is lost.
    """
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            row = save()
            messages.success(request, str(words.done) % {"name": getattr(row, "local_name", str(row))})
            return redirect(words.back)
    context = {"form": form, "words": words, "back": words.back}
    return render(request, "marketplace/catalogue_entry.html", context)


@dataclass(frozen=True, kw_only=True)
class EntryQuestion:
    """The words of the dialog that asks before something is done to an entry, and where it leads back to."""

    title: Message
    text: Message
    button: Message
    done: Message
    back: str
    tab: Message
    is_danger: bool = False


def ask_first(request: PortalRequest, act: Callable[[int], Any], words: EntryQuestion, entry: Any) -> HttpResponse:
    """Show a question about an entry; on POST do what it asks, or show why it cannot be done.

    `act` takes the revision of the entry that the person has seen.
    """
    refused = None
    if request.method == "POST":
        try:
            act(read_posted_revision(request.POST))
        except Conflict as error:
            refused = error
        else:
            messages.success(request, str(words.done))
            return redirect(words.back)
    context = {"words": words, "back": words.back, "refused": refused, "entry": entry}
    return render(request, "marketplace/catalogue_question.html", context, status=409 if refused else 200)


def make_retirement_question(entry: Category | Competency | Skill, name: str, uses: int, tab: str) -> EntryQuestion:
    """Return the question before an entry is retired, or before a retired one is offered again.

    `name` is its name in the reader's language, and `uses` how many offers or partners have it.
    """
    is_category = isinstance(entry, Category)
    if entry.is_retired:
        title, button, done = (
            gettext("Offer “%(name)s” again?"),
            gettext("Offer again"),
            gettext("“%(name)s” can be chosen again."),
        )
        text = (
            gettext("Publishers will be able to choose this category again.")
            if is_category
            else gettext("It will be available to assign to partners again.")
        )
    else:
        title, button, done = gettext("Retire “%(name)s”?"), gettext("Retire"), gettext("“%(name)s” was retired.")
        if is_category and not uses:
            text = gettext("Publishers will no longer be able to choose this category.")
        elif is_category:
            text = ngettext(
                "Publishers will no longer be able to choose this category. %(number)s published offer will keep it.",
                "Publishers will no longer be able to choose this category. %(number)s published offers will keep it.",
                uses,
            )
        elif not uses:
            text = gettext("It will no longer be available to assign or to filter by.")
        else:
            text = ngettext(
                "It will no longer be available to assign or to filter by. %(number)s partner will keep it.",
                "It will no longer be available to assign or to filter by. %(number)s partners will keep it.",
                uses,
            )
    return EntryQuestion(
        title=title % {"name": name},
        text=text % {"number": format_number(uses)},
        button=button,
        done=done % {"name": name},
        back=reverse(tab),
        tab=dict(TABS)[tab],
    )
