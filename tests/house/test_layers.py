"""No app stands outside the import contracts, which `make check` holds the code to, and each name has one home."""

import re
import tomllib
from pathlib import Path

from django.conf import settings

from tests.house.ours import APPS, OURS

CONFIGURATION = settings.BASE_DIR / "pyproject.toml"


def test_every_app_of_ours_has_its_layer():
    contracts = tomllib.loads(CONFIGURATION.read_text())["tool"]["importlinter"]
    ours = set(OURS)
    assert ours == set(contracts["root_packages"])
    stack, _root, words = contracts["contracts"]
    assert ours - {"partnerportal"} <= {name.strip() for layer in stack["layers"] for name in re.split("[:|]", layer)}
    assert ours - {"partnerportal"} == set(words["containers"])


def test_every_app_of_ours_goes_into_the_image():
    """The image is made of what .dockerignore lets in: an app that is forgotten there is missed when it starts."""
    assert {f"!{app}" for app in OURS} <= set((settings.BASE_DIR / ".dockerignore").read_text().splitlines())


def test_no_package_offers_again_what_its_modules_have():
    """An import names the file that has the name. Django alone looks for all models in one place.

    A package without `__all__` offers nothing again, for the linter refuses an import that is not used.
    """
    packages = (path for app in APPS for path in Path(settings.BASE_DIR, app).rglob("__init__.py"))
    assert {str(path) for path in packages if "__all__" in path.read_text() and path.parent.name != "models"} == set()


def test_no_module_of_entitlements_could_stand_below():
    """Each names what is licensed, ordered, tried or used, or what feeds it: all else belongs where all reach it."""
    subject = re.compile(r"sku|entitle|order|licen[cs]e|usage|use of|trial|renewal|seat|feed|upload|ingest", re.I)
    files = [path for path in Path(settings.BASE_DIR, "entitlements").rglob("*.py") if path.name != "__init__.py"]
    code = {
        path: "\n".join(re.sub(r"^(from|import) .*", "", path.read_text(), flags=re.MULTILINE).split())
        for path in files
    }
    assert len(files) > 90 and [str(path) for path, text in code.items() if not subject.search(text)] == []
