"""Pages that code leads to without knowing which app above has them. That app registers them in its AppConfig.ready.

account           shows the organisation's own account
bulk_action       takes the rows that are selected in a list, for the bulk action with a code
customer          shows a connected customer to a partner or distributor
customers         lists the connected customers
distributors      lists the distributors; partners the partners
export            takes the form that asks for a list as a file
import            takes a file of the kind of import with a code; what it is imported into is the parameter `target`
list_display      chooses the columns and the density of the list with a key
list_filters      sets the filters of several values or a range of the list with a key
organization      shows an organisation to the vendor's staff
organization_new  is for a person who acts for no organisation yet
own_licences      shows the licences that the organisation itself has
partner           shows a partner to the distributor above it
preferences       has the person's own settings
roles             says who can do what
view_new          saves a view of the list with a key
view_change       renames or shares a saved view; so do view_query, view_default and view_delete what their names say
"""

from django.urls import reverse

_url_names: dict[str, str] = {}


def register_linkable_page(page_key: str, url_name: str) -> None:
    """Register the URL name of a page under a key such as "account", so that lower layers can link to it.

    The module's docstring lists the keys. Raises AssertionError for a key that is registered already.
    """
    assert page_key not in _url_names, f"two pages are called {page_key}"
    _url_names[page_key] = url_name


def page_url(page_key: str, *args: object) -> str:
    """Return the URL of the page that is registered under this key. `args` are the arguments of its route.

    Raises KeyError for an unknown key.
    """
    return reverse(_url_names[page_key], args=args)
