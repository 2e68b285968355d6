"""The import contracts of pyproject.toml hold, and no app stands outside them."""

import tomllib

from django.conf import settings
from importlinter import cli

CONFIGURATION = settings.BASE_DIR / "pyproject.toml"


def test_import_contracts_hold(monkeypatch, tmp_path):
    monkeypatch.chdir(settings.BASE_DIR)
    assert cli.lint_imports(config_filename=str(CONFIGURATION), cache_dir=str(tmp_path)) == cli.EXIT_STATUS_SUCCESS


def test_every_app_of_ours_has_its_layer():
    contracts = tomllib.loads(CONFIGURATION.read_text())["tool"]["importlinter"]
    ours = {app for app in settings.INSTALLED_APPS if (settings.BASE_DIR / app).is_dir()}
    assert ours == set(contracts["root_packages"])
    stack, _root, words = contracts["contracts"]
    assert ours - {"partnerportal"} <= {name.strip() for layer in stack["layers"] for name in layer.split(":")}
    assert ours - {"partnerportal"} == set(words["containers"])
