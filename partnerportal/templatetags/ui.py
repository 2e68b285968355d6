"""Template tags of the design system: icons, monograms, numbers, money, dates. Every template has them as built-ins.

Some of them replace Django's own. Where all that they are given is constant, they do their work once, when a template
is parsed, rather than for each page.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.template import Context, Node
from django.template.base import FilterExpression, Parser, TextNode, Token, Variable
from django.template.defaulttags import url
from django.templatetags import static
from django.templatetags.i18n import do_translate
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from partnerportal import icons
from partnerportal.jinja import render_part
from partnerportal.lib import formats, usage, user_agents
from partnerportal.lib.known_pages import page_url
from partnerportal.lib.parts import PagePart
from partnerportal.lib.text import make_avatar_initials

register = template.Library()
register.filter("axis_number", formats.format_axis_number)
register.filter("monogram", make_avatar_initials)
register.filter("usage_tone", usage.choose_usage_bar_tone)
register.filter("usage_width", usage.compute_usage_bar_percent)


def _is_constant(value: FilterExpression | None) -> bool:
    """Return whether a tag's argument is the same on every page. None, for an argument that is not given, is."""
    if value is None:
        return True
    text = value.var.literal if isinstance(value.var, Variable) else value.var
    return text is not None and not value.filters


def _register_tag_drawn_once(name: str, compile_tag: Callable[[Parser, Token], Any]) -> None:
    """Register a template tag that becomes plain text when the template is parsed, if its arguments are constant.

    Parsed templates are kept by language (loaders.py), so a translated text is never shown in another language.
    """

    @register.tag(name)
    def compile_or_draw(parser: Parser, token: Token) -> Node:
        node: Any = compile_tag(parser, token)
        if hasattr(node, "args"):  # of a tag that is a function, or of `url`
            values = [*node.args, *node.kwargs.values(), getattr(node, "view_name", None)]
        else:  # of `translate`
            values = [node.filter_expression, node.message_context]
        if getattr(node, "target_var", None) or getattr(node, "asvar", None) or not all(map(_is_constant, values)):
            return node
        try:
            return TextNode(node.render(Context()))
        except (NoReverseMatch, ValueError):
            # A page that not every installation has, or a static file that is not collected yet: the page that shows it
            # fails, if none of its conditions leave the tag out, and no other.
            return node


@lru_cache(maxsize=256)
def render_icon(name: str) -> SafeString:
    """Return an `<svg>` that shows the lucide icon of this name. Screen readers skip it.

    CSS sets its size. Raises ValueError for a name that partnerportal/icons.py does not have.
    """
    if name not in icons.NAMES:
        raise ValueError(f"partnerportal/icons.py names no icon {name!r}")
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static.static(icons.FILE), name
    )


def _compile_function(name: str, function: Callable[..., str]) -> Callable[[Parser, Token], Node]:
    """Return the function that compiles a template tag which shows what a function returns."""
    library = template.Library()
    library.simple_tag(function, name=name)
    return library.tags[name]


_register_tag_drawn_once("icon", _compile_function("icon", render_icon))
_register_tag_drawn_once("static", _compile_function("static", lru_cache(maxsize=256)(static.static)))
_register_tag_drawn_once("page_url", _compile_function("page_url", page_url))
_register_tag_drawn_once("url", url)
_register_tag_drawn_once("translate", do_translate)


@register.simple_tag(name="jinja")
def render_jinja_part(template_name: str, **context: Any) -> SafeString:
    """Return the HTML of a Jinja2 template, drawn with the given values.

    It is for what a page repeats and what many pages show: Jinja2 is seven times faster than Django's engine.
    """
    return render_part(template_name, context)


@register.simple_tag(takes_context=True, name="part")
def render_page_part(context: Context, part: PagePart) -> SafeString:
    """Return the HTML of a PagePart, whose template sees the part's own values and those of the page."""
    assert context.template, "a part stands in a page"
    template = context.template.engine.get_template(part.template)
    with context.push(**part.context):
        return template.render(context)


@register.filter("number")
def format_number_or_blank(value: int | Decimal | None) -> str:
    """Return the number in the format of the reader's language, or "" for None."""
    return "" if value is None else formats.format_number(value)


@register.filter
def join_names(items: Iterable[object]) -> str:
    """Return the names as one text, with the separator of the reader's language, as "A, B"."""
    return formats.join_names(items)


@register.filter("percent")
def format_percent_or_blank(value: float | Decimal | None) -> str:
    """Return a ratio as text in whole percent: "66%" for 0.66, or "" for None."""
    return "" if value is None else formats.format_percent(value)


@register.filter("money")
def format_money_or_blank(amount: Decimal | None, currency: str) -> str:
    """Return an amount with its currency, in the format of the reader's language, or "" for None."""
    return "" if amount is None else formats.format_money(amount, currency)


@register.filter("short_number")
def format_short_number(value: int) -> str:
    """Return a count as text for a badge: exact up to 99, then "99+"."""
    return "99+" if value > 99 else formats.format_number(value)


def _time(value: dt.date, text: str) -> SafeString:
    machine, full = value.isoformat(), formats.format_date(value)
    if isinstance(value, dt.datetime):
        machine, full = value.astimezone(dt.UTC).isoformat(timespec="seconds"), formats.format_date_and_time(value)
    return format_html('<time datetime="{}" title="{}">{}</time>', machine, full, text)


@register.simple_tag(name="date")
def render_date(value: dt.date | None) -> str:
    """Return a `<time>` element with a date, as "14 Dec 2025", or "" for None."""
    return _time(value, formats.format_date(value)) if value else ""


@register.simple_tag(name="datetime")
def render_date_and_time(value: dt.datetime | None) -> str:
    """Return a `<time>` element with the date, time and reader's time zone, or "" for None."""
    return _time(value, formats.format_date_and_time(value)) if value else ""


@register.simple_tag(name="relative")
def render_relative_date(value: dt.date | None) -> str:
    """Return a `<time>` element with a near time in words, such as "in 3 days", and a far one as a date; "" for None.

    Its title has the date and time in full.
    """
    return _time(value, formats.format_relative_time(value)) if value else ""


@register.filter("browser")
def describe_browser(user_agent: str) -> str:
    """Return the browser and system that a session's User-Agent header names, as "Firefox on Windows"."""
    return user_agents.describe_user_agent(user_agent)


@register.simple_tag(takes_context=True, name="list_step_url")
def find_list_step_url(context: Context, page: str) -> str:
    """Return the URL of a list, with the filters that it had when the present page was opened from it.

    `page` is the name of the list's URL or that URL. One from which the page was not opened has no filters.
    """
    url = page if page.startswith("/") else reverse(page)
    shell = context.get("shell")
    beside = shell.neighbours if shell else None
    return beside.list_url if beside and beside.list_url.partition("?")[0] == url else url


@register.filter("undo_url")
def find_undo_url(message: Any) -> str:
    """Return the URL of the Undo form that belongs to a message, or "" for a message without one.

    A view gives it as a tag: messages.success(request, text, extra_tags="undo=/inbox/7/restore/").
    """
    tags = (message.extra_tags or "").split()
    return next((tag.removeprefix("undo=") for tag in tags if tag.startswith("undo=")), "")


@register.filter("error_fields")
def list_error_fields(form: Any) -> list[Any]:
    """Return the bound fields of the form that have errors, in the form's order."""
    return [field for field in form if field.errors]


@register.filter
def name_in_summary(field: Any) -> str:
    """Return the label of a bound field, with the place in its form where others have the same label."""
    place = getattr(field.field, "place", "")
    return _("%(field)s, %(place)s") % {"field": field.label, "place": place} if place else str(field.label)


@register.simple_tag
def focus_first_field(form: Any) -> str:
    """Let the browser put the cursor into the first field of the form that can be typed into, or that has an error."""
    fields = [field for field in form if not field.is_hidden and not field.field.disabled]
    field = next((field for field in fields if field.errors), fields[0] if fields else None)
    if field:
        field.field.widget.attrs["autofocus"] = True
    return ""


@register.filter("widget_kind")
def choose_widget_layout(field: Any) -> str:
    """Return the layout of a bound field in ui/field.html: "checkbox", "password", "choices" or "plain"."""
    kinds = {
        "checkbox": "checkbox",
        "password": "password",
        "radioselect": "choices",
        "checkboxselectmultiple": "choices",
    }
    return kinds.get(field.widget_type, "plain")
