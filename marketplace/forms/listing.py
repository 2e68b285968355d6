"""The form of an offer's listing: texts, categories, links, support, and what resellers alone see."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from marketplace.comparison import LANGUAGE_NAMES
from marketplace.content import (
    LANGUAGES,
    LONGEST_DESCRIPTION,
    LONGEST_NAME,
    LONGEST_SUMMARY,
    MOST_CATEGORIES,
    MOST_LINKS,
)
from marketplace.forms.editor import (
    SectionForm,
    Tree,
    list_positions,
    parse_choices,
    parse_group,
    parse_texts,
)
from marketplace.queries.categories import list_category_choices, list_category_names
from partnerportal.lib.errors import Message
from partnerportal.lib.markdown import render_markdown

TEXTS = ("name", "summary", "description")
CONTACT = ("name", "email", "phone", "url")
LINK = ("title", "url")
CHANNEL = ("marketing_url", "sales_url", "support_url")
BLANK_LINKS = 2  # for further links, beneath those that there are


class ListingForm(SectionForm):
    """The form of an offer's listing, with the channel information that customers never see."""

    parts = ("texts", "categories", "links", "support", "channel")
    tab = "listing"
    url_name = "offer_listing"
    template = "marketplace/offer_listing.html"
    shows_preview = False

    @classmethod
    def pick_parts(cls, tree: Mapping[str, Any]) -> Tree:
        """Return the parts of a tree that this form shows. The documents have a page of their own."""
        parts = super().pick_parts(tree)
        if "channel" in parts:
            parts["channel"] = {key: value for key, value in parts["channel"].items() if key != "documents"}
        return parts

    def merge_into(self, tree: Mapping[str, Any]) -> Tree:
        """Return a tree with what the form holds in place of its parts, and the documents as they are."""
        return {**tree, **self.tree, "channel": {**tree.get("channel", {}), **self.tree["channel"]}}

    def add_fields(self) -> None:
        for language in LANGUAGES:
            name = f"texts.{language}"
            self.add_text(f"{name}.name", _("Name"), maxlength=LONGEST_NAME, lang=language)
            self.add_text(f"{name}.summary", _("Summary"), maxlength=LONGEST_SUMMARY, lang=language)
            self.add_area(
                f"{name}.description",
                _("Description"),
                rows=10,
                help_text=_("You can use Markdown for headings, lists, links and emphasis."),
                maxlength=LONGEST_DESCRIPTION,
                lang=language,
            )
        self.add_choices(
            "categories",
            _("Categories"),
            list_category_choices(kept={*self.offer.categories, *self.tree.get("categories", ())}),
            help_text=_("Up to %(number)s.") % {"number": MOST_CATEGORIES},
        )
        for at in range(self.link_count):
            is_blank = at >= len(self.tree.get("links", []))
            self.add_text(f"links.{at}.title", _("Title"), is_optional=is_blank, maxlength=100)
            self.add_text(
                f"links.{at}.url", pgettext("web", "Address"), is_optional=is_blank, type="url", maxlength=500
            )
        self._add_contact("support")
        self.add_text("channel.marketing_url", _("Link to marketing material"), type="url", maxlength=500)
        self._add_contact("channel.contact")
        self.add_text("channel.sales_url", _("Link to sales material"), type="url", maxlength=500)
        self.add_text("channel.support_url", _("Link to support material"), type="url", maxlength=500)

    def name_place(self, path: list[str]) -> Message:
        match path:
            case ["texts", language, _key]:
                return LANGUAGE_NAMES[language]
            case ["links", at, _key]:
                return _("Link %(number)s") % {"number": int(at) + 1}
            case ["support", _key]:
                return _("Support")
            case ["channel", "contact", _key]:
                return _("Contact for partners")
        return ""

    def _add_contact(self, name: str) -> None:
        self.add_text(f"{name}.name", _("Contact name"), is_optional=True, maxlength=120)
        self.add_text(f"{name}.email", _("Email"), type="email", maxlength=254)
        self.add_text(f"{name}.phone", _("Phone"), type="tel", maxlength=40)
        self.add_text(f"{name}.url", _("Page"), type="url", maxlength=500)

    @property
    def link_count(self) -> int:
        """How many links the form has room for: those that there are, and some more."""
        return min(len(self.tree.get("links", [])) + BLANK_LINKS, MOST_LINKS)

    @classmethod
    def parse(cls, data: QueryDict) -> Tree:
        codes = [code for code, _label in list_category_names()]
        links = [parse_group(data, f"links.{at}", LINK) for at in list_positions(data, "links", "url", MOST_LINKS)]
        channel: dict[str, Any] = {key: data.get(f"channel.{key}", "") for key in CHANNEL}
        return {
            "texts": parse_texts(data, "texts", TEXTS),
            "categories": parse_choices(data, "categories", codes),
            "links": [link for link in links if any(text.strip() for text in link.values())],
            "support": parse_group(data, "support", CONTACT),
            "channel": channel | {"contact": parse_group(data, "channel.contact", CONTACT)},
        }

    @property
    def category_field(self) -> Any:
        """The field of the categories."""
        return self["categories"]

    @property
    def languages(self) -> list[dict[str, Any]]:
        """The fields of each language, with the description as its readers see it if `shows_preview`."""
        languages = self.make_languages("texts", TEXTS)
        for language in languages if self.shows_preview else []:
            text = self[f"texts.{language['code']}.description"].value() or ""
            language["preview"] = render_markdown(text) if text.strip() else ""
        return languages

    @property
    def links(self) -> list[list[Any]]:
        """The pairs of fields of the links: title and address."""
        return [[self[f"links.{at}.{key}"] for key in LINK] for at in range(self.link_count)]

    @property
    def support(self) -> list[Any]:
        """The fields of the support contact."""
        return [self[f"support.{key}"] for key in CONTACT]

    @property
    def channel_contact(self) -> list[Any]:
        """The fields of the contact for partners."""
        return [self[f"channel.contact.{key}"] for key in CONTACT]

    @property
    def channel_links(self) -> list[Any]:
        """The fields of the links to material for partners."""
        return [self[f"channel.{key}"] for key in CHANNEL]
