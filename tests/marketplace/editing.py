"""Forms as a browser without JavaScript sends them: the fields of a page, with some of them changed."""

from html.parser import HTMLParser
from typing import Any


class _Form(HTMLParser):
    """Collects the fields of the page's editor form: names with lists of values."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id, self.inside = form_id, False
        self.fields: dict[str, list[str]] = {}
        self.area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            self.inside = values.get("id") == self.form_id
        if not self.inside or not values.get("name") or "disabled" in values:
            return
        name = str(values["name"])
        if tag == "textarea":
            self.area = name
            self.fields.setdefault(name, []).append("")
        elif tag == "input" and (values.get("type") not in ("checkbox", "radio") or "checked" in values):
            self.fields.setdefault(name, []).append(values.get("value") or "")

    def handle_data(self, data: str) -> None:
        if self.area:
            self.fields[self.area][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.area:
            self.fields[self.area][-1] = self.fields[self.area][-1].removeprefix("\n")
            self.area = None
        if tag == "form":
            self.inside = False


def read_form(page: str, form_id: str = "editor") -> dict[str, list[str]]:
    """Return the fields of a form of a page, by name, with their values."""
    form = _Form(form_id)
    form.feed(page)
    return form.fields


def send(client: Any, url: str, page: str = "", **changes: Any) -> Any:
    """Send the editor form of a page (default: as it is shown now) with some fields changed; "__" stands for "."."""
    fields: dict[str, Any] = read_form(page or client.get(url).content.decode())
    fields |= {name.replace("__", "."): value for name, value in changes.items()}
    return client.post(url, {name: value for name, value in fields.items() if value is not None})
