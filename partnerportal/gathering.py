"""What the apps declare for the composition, each in a module of the same name."""

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from django.apps import apps
from django.conf import settings
from django.utils.module_loading import module_has_submodule

from partnerportal.lib.policies import RoleTable


@cache
def gather_app_declarations(module_name: str, variable_name: str) -> tuple[Any, ...]:
    """Return a tuple of all values that the portal's apps define under `variable_name` in their module `module_name`.

    They are in the order of INSTALLED_APPS. An app without such a module adds nothing.
    """
    return tuple(value for module in _list_modules(module_name) for value in getattr(module, variable_name, ()))


def gather_role_tables() -> list[RoleTable]:
    """Return the role table of each app, which is ROLE_TABLE in its module `policies`, in the order of the apps."""
    return [module.ROLE_TABLE for module in _list_modules("policies")]


def _list_modules(name: str) -> list[ModuleType]:
    """Return the modules of this name of the portal's apps that have one, in the order of INSTALLED_APPS."""
    return [
        import_module(f"{config.name}.{name}")
        for config in apps.get_app_configs()
        if Path(config.path).parent == settings.BASE_DIR and config.module and module_has_submodule(config.module, name)
    ]
