"""The components of pages (`<c-button …>`): one that has a `.jinja` file in templates/ui is drawn by Jinja2.

Such a file has a macro `draw`, whose arguments are the component's attributes and slots. What stands between its tags
is the argument `slot`. Other attributes come to the macro as Jinja2's `kwargs`, if it takes them. Any other component
is a Django template, which sees the values of the page.
"""

from functools import lru_cache
from typing import Any, cast

from django import template
from django.template import Context, Node
from django.template.base import Parser, TextNode, Token
from django.utils.translation import get_language
from django_cotton.templatetags import Attrs, InlineTemplate, UnprocessableDynamicAttr
from django_cotton.templatetags._component import AttrKind, CottonComponentNode, cotton_component
from django_cotton.templatetags._slot import CottonSlotNode
from django_cotton.utils import get_cotton_data
from jinja2 import TemplateNotFound
from jinja2.runtime import Macro

from partnerportal.jinja import get_part_environment

register = template.Library()


def find_component(name: str, language: str | None) -> Macro | None:
    """Return the macro that draws a component in a language, or None if the component is a Django template.

    In development it is read each time, so that a component whose file was edited is drawn anew.
    """
    is_reloaded = get_part_environment(language).auto_reload
    return _read_component(name, language) if is_reloaded else _find_kept_component(name, language)


def _read_component(name: str, language: str | None) -> Macro | None:
    try:
        part = get_part_environment(language).get_template(f"ui/{name.replace('-', '_')}.jinja")
    except TemplateNotFound:
        return None
    return cast(Macro, part.make_module().draw)  # type: ignore[attr-defined]


_find_kept_component = lru_cache(maxsize=512)(_read_component)


class ComponentNode(CottonComponentNode):
    """A component in a page, with its attributes as constants where they are the same on every page."""

    def __init__(self, name: str, children: Any, attributes: dict[str, Any], only: bool, library: Any = None) -> None:
        super().__init__(name, children, attributes, only, library)
        self.has_slots = bool(children.get_nodes_by_type(CottonSlotNode))
        self.constants: dict[str, Any] = {}
        self.variables: list[tuple[str, AttrKind, Any, Any]] = []
        for key, kind, value, compiled in self._prepared_attrs:
            if isinstance(compiled, InlineTemplate) and all(isinstance(node, TextNode) for node in compiled.nodelist):
                self.constants[key] = compiled.nodelist.render(Context())
            elif compiled is None:
                self.constants[key] = value
            else:
                self.variables.append((key, kind, value, compiled))

    def render(self, context: Context) -> str:
        macro = find_component(self.component_name, get_language())
        if macro is None:
            return super().render(context)
        values = {**self.constants}
        for key, kind, value, compiled in self.variables:
            try:
                values[key] = compiled.render(context) if kind is AttrKind.ESCAPED else compiled.resolve(context)
            except UnprocessableDynamicAttr:  # a variable that the page has not: the component's own value holds
                if kind is AttrKind.UNQUOTED:
                    values[key] = value
        if self.nodelist:
            values["slot"], slots = self._render_slots(context)
            values |= slots
        return f"\n{macro(**values)}"  # a component stands apart from the text before it, as it does at its end

    def _render_slots(self, context: Context) -> tuple[str, dict[str, str]]:
        """Return what stands between the component's tags, and its named slots by name."""
        if not self.has_slots:
            return self.nodelist.render(context), {}
        component: dict[str, Any] = {"key": self.component_name, "attrs": Attrs({}), "slots": {}}
        stack = get_cotton_data(context)["stack"]
        stack.append(component)
        content = self.nodelist.render(context)
        stack.pop()
        return content, component["slots"]


@register.tag("cotton")
def compile_component(parser: Parser, token: Token) -> Node:
    """Compile the tag that stands for a component."""
    node = cotton_component(parser, token)
    return ComponentNode(node.component_name, node.nodelist, node.attrs, node.only, node.active_library)
