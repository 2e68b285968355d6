"""The checklist of a draft: what is missing before it can be published, each with the field that it is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from marketplace.content import find_problems
from marketplace.models import Offer
from partnerportal.lib.errors import Message

# Where on its page a problem is that is about more than one field, by its code.
ANCHORS = {
    "no_texts": "id_texts.en.name",
    "no_category": "id_categories_0",
    "retired_category": "id_categories_0",
    "no_support_contact": "id_support.email",
    "no_channel_contact": "id_channel.contact.email",
    "no_plan": "add-plan",
}


@dataclass(frozen=True)
class ChecklistItem:
    """A thing that a draft lacks, with the URL of the field that it is about."""

    message: Message
    url: str


def make_checklist(offer: Offer, tree: Mapping[str, Any]) -> list[ChecklistItem]:
    """Return what the draft lacks; empty if it can be published. `tree` is the one of the newest version."""
    problems = find_problems(offer, tree, tree.get("channel", {}))
    items: dict[str, ChecklistItem] = {}
    for problem in problems:
        page = "offer_plans" if problem.pointer.startswith("/plans") else "offer_listing"
        url = f"{reverse(page, args=[offer.public_id])}#{_find_anchor(problem.pointer, problem.code)}"
        items.setdefault(str(problem.message), ChecklistItem(problem.message, url))
    return list(items.values())


def _find_anchor(pointer: str, code: str) -> str:
    name = f"id_{pointer.removeprefix('/').replace('/', '.')}"
    suffixes = {"plan_unnamed": ".en.name", "no_term": "_0", "no_billing": "_0"}
    return ANCHORS.get(code, name + suffixes.get(code, ""))
