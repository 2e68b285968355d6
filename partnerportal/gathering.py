"""What the apps declare for pages of the composition, each in a module of the same name."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.utils.module_loading import module_has_submodule


@cache
def gather_app_declarations(module_name: str, variable_name: str) -> tuple[Any, ...]:
    """Return a tuple of all values that the portal's apps define under `variable_name` in their module `module_name`.

    They are in the order of INSTALLED_APPS. An app without such a module adds nothing.
    """
    declared: list[Any] = []
    for config in apps.get_app_configs():
        is_ours = Path(config.path).parent == settings.BASE_DIR
        if is_ours and config.module and module_has_submodule(config.module, module_name):
            declared += getattr(import_module(f"{config.name}.{module_name}"), variable_name, ())
    return tuple(declared)
