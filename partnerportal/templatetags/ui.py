"""Template tags of the design system: icons, monograms, numbers, money, dates; and two of Django's that do their work
once, not for each page. Loaded everywhere as built-ins."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.template import Context, Node, engines
from django.template.base import Parser, TextNode, Token
from django.templatetags import static
from django.templatetags.i18n import TranslateNode, do_translate
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from partnerportal import icons
from partnerportal.lib import formats, usage, user_agents
from partnerportal.lib.text import monogram

register = template.Library()
register.filter("axis_number", formats.axis_number)
register.filter("monogram", monogram)
register.filter("usage_tone", usage.tone)
register.filter("usage_width", usage.width)


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str) -> SafeString:
    """A lucide icon, hidden from assistive technology: a reference into the file of all. The style sheet sizes it."""
    if name not in icons.NAMES:
        raise ValueError(f"partnerportal/icons.py names no icon {name!r}")
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static.static(icons.FILE), name
    )


register.simple_tag(lru_cache(maxsize=256)(static.static), name="static")


@register.tag
def translate(parser: Parser, token: Token) -> Node:
    """Django's. A constant text is translated now, not for each page: templates are kept by language (loaders.py)."""
    node: TranslateNode = do_translate(parser, token)
    text = node.filter_expression
    is_constant = text.var.literal is not None and not (text.filters or node.asvar or node.message_context)
    return TextNode(node.render(Context())) if is_constant else node


@register.simple_tag
def jinja(template_name: str, **context: Any) -> SafeString:
    """What repeats in a page, by Jinja2 (.jinja): seven times faster than the same template by Django's engine."""
    return mark_safe(engines["jinja"].get_template(template_name).render(context))  # autoescaped there


@register.filter
def number(value: int | Decimal | None) -> str:
    return "" if value is None else formats.number(value)


@register.filter
def listed(items: Iterable[object]) -> str:
    return formats.listed(items)


@register.filter
def percent(value: float | Decimal | None) -> str:
    return "" if value is None else formats.percent(value)


@register.filter
def money(amount: Decimal | None, currency: str) -> str:
    return "" if amount is None else formats.money(amount, currency)


@register.filter
def short_number(value: int) -> str:
    """A count for a badge: exact to 99, then 99+."""
    return "99+" if value > 99 else formats.number(value)


def _time(value: dt.date, text: str) -> SafeString:
    machine, full = value.isoformat(), formats.date(value)
    if isinstance(value, dt.datetime):
        machine, full = value.astimezone(dt.UTC).isoformat(timespec="seconds"), formats.datetime(value)
    return format_html('<time datetime="{}" title="{}">{}</time>', machine, full, text)


@register.simple_tag
def date(value: dt.date | None) -> str:
    return _time(value, formats.date(value)) if value else ""


@register.simple_tag
def datetime(value: dt.datetime | None) -> str:
    return _time(value, formats.datetime(value)) if value else ""


@register.simple_tag
def relative(value: dt.date | None) -> str:
    """Words when near, the date when far; the full moment is the title."""
    return _time(value, formats.relative(value)) if value else ""


@register.filter
def browser(user_agent: str) -> str:
    return user_agents.describe(user_agent)


@register.filter
def undo_url(message: Any) -> str:
    """The address of a message's Undo form: messages.success(request, text, extra_tags="undo=/inbox/7/restore/")."""
    tags = (message.extra_tags or "").split()
    return next((tag.removeprefix("undo=") for tag in tags if tag.startswith("undo=")), "")


@register.filter
def error_fields(form: Any) -> list[Any]:
    """The bound fields of a form that carry errors, in the order of the form."""
    return [field for field in form if field.errors]


@register.filter
def widget_kind(field: Any) -> str:
    """How ui/field.html lays a bound field out: checkbox, password, choices or plain."""
    kinds = {
        "checkbox": "checkbox",
        "password": "password",
        "radioselect": "choices",
        "checkboxselectmultiple": "choices",
    }
    return kinds.get(field.widget_type, "plain")
