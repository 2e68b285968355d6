"""What somebody signs up for: an invitation whose page led to the sign-up. Apps that invite register their pages."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve

from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message, NotFound

STEPS = 3  # of a sign-up by invitation: the account, the code, and what the invitation asks for


@dataclass(frozen=True)
class SignUpPurpose:
    """Why somebody signs up, in two forms: `text` such as "To connect to %(name)s", `step_text` with its step.

    `step_text` also has %(step)s and %(steps)s. `name` is that of the organisation that it is about.
    """

    text: Message
    step_text: Message
    name: str

    def describe(self, step: int = 0) -> str:
        """Return the purpose as a line for a page that is this step of the sign-up, or none of them (0)."""
        words = str(self.step_text if step else self.text)
        return words % {"name": self.name, "step": step, "steps": STEPS}


PurposeFinder = Callable[[Actor, str], SignUpPurpose]
_finders: dict[str, PurposeFinder] = {}


def register_sign_up_purpose(url_name: str, find: PurposeFinder) -> None:
    """Register what somebody signs up for who comes from the page with this URL name.

    `find` takes the actor and the token in the page's URL, and raises NotFound for a token that leads nowhere. Raises
    AssertionError for a page that is registered already.
    """
    assert url_name not in _finders, f"two purposes are registered for {url_name}"
    _finders[url_name] = find


def describe_sign_up_purpose(actor: Actor, path: str, step: int = 0) -> str:
    """Return what the sign-up that leads back to this path is for, with its step.

    It is "" if the path is not the page of an invitation that can be accepted.
    """
    try:
        match = resolve(urlsplit(path).path)
    except (Resolver404, ValueError):
        return ""
    find = _finders.get(match.url_name or "")
    try:
        return find(actor, match.kwargs["token"]).describe(step) if find else ""
    except NotFound:
        return ""
