"""Every template compiles, and every template that code names exists."""

import ast
import re
from uuid import UUID

from django.conf import settings
from django.template import loader

from partnerportal.lib import known_pages
from tests.house.ours import OURS, tree_of

ROOT = settings.BASE_DIR / "templates"
TEMPLATES = sorted(str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file())


def fault_of(name: str) -> str:
    """Return why the template does not compile, or nothing."""
    try:
        loader.get_template(name, using="jinja" if name.endswith(".jinja") else "django")
    except Exception as error:
        return repr(error)
    return ""


def test_each_compiles():
    assert len(TEMPLATES) > 200
    assert {name: fault for name in TEMPLATES if (fault := fault_of(name))} == {}
    assert fault_of("no_such_template.html")


COMMENT_OVER_LINES = re.compile(r"{#[^#\n]*\n")  # Django ends it at the line's end, and shows it to the reader


def test_comments_keep_to_one_line():
    sources = {name: (ROOT / name).read_text() for name in TEMPLATES if not name.endswith(".jinja")}
    assert [name for name, source in sources.items() if COMMENT_OVER_LINES.search(source)] == []


def named() -> set[str]:
    """String constants that look like template names, in the code of every app."""
    found = set()
    for app in OURS:
        for path in (settings.BASE_DIR / app).rglob("*.py"):
            for node in ast.walk(tree_of(path)):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    name = node.value.partition("#")[0]
                    if name.endswith((".html", ".txt")) and " " not in name and name[0] not in "./%":
                        found.add(name)
    return found


def test_named_templates_exist():
    names = named()
    assert "404.html" in names
    missing = {name for name in names if not (ROOT / name).exists()}
    assert not missing


PATHS_TAKE = dict.fromkeys(("bulk_action", "import"), "goods") | dict.fromkeys(
    ("list_display", "list_filters", "view_new"), "inbox"
)
PATHS_TAKE |= dict.fromkeys(
    ("customer", "organization", "partner", "view_change", "view_query", "view_default", "view_delete"), UUID(int=0)
)
KNOWN_PAGE = re.compile(r"(?:page_url\(|{% page_url )[\"'](\w+)[\"']")


def test_known_pages_are_registered_and_asked_for():
    sources = [path for app in OURS for path in (settings.BASE_DIR / app).rglob("*.py")] + [ROOT / t for t in TEMPLATES]
    asked = {page for path in sources for page in KNOWN_PAGE.findall(path.read_text())}
    assert asked == set(known_pages._url_names)
    args = {page: [PATHS_TAKE[page]] if page in PATHS_TAKE else [] for page in asked}
    assert all(known_pages.page_url(page, *args[page]).startswith("/") for page in asked)


WHOLE = re.compile(r"{% blocktranslate.*?endblocktranslate %}|{% translate .*?%}|{{.*?}}", re.DOTALL)
BRANCH = re.compile(r"{% (?:if|elif|else|endif).*?%}")


def labels_of_pieces(source: str) -> list[str]:
    """Return the labels that are put together: `{{ verb }}: {{ name }}` has the colon and the order of one language."""
    labels = re.findall(r'aria-label="((?:{%.*?%}|{{.*?}}|[^"])*)"', source, re.DOTALL)
    return [label for label in labels if set(BRANCH.split(WHOLE.sub("T", label))) - {"", "T"}]


def test_a_label_is_one_text_for_the_translator():
    sources = {name: (ROOT / name).read_text() for name in TEMPLATES if not name.startswith("uikit/")}
    found = {name: labels_of_pieces(source) for name, source in sources.items()}
    assert {name: labels for name, labels in found.items() if labels} == {}
    assert labels_of_pieces('<a aria-label="{{ verb }}: {{ name }}">')
