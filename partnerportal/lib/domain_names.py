"""Names of domains: one spelling of each, in which they are stored, compared and looked up."""

import idna
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from fido2.rpid import verify_rp_id

LONGEST_DOMAIN_NAME = 253  # characters, by the standard (RFC 1035)
LONGEST_ADDRESS = 254  # characters, by the standard (RFC 5321)


def parse_domain_name(text: str) -> str:
    """Return the one spelling of a domain's name: in small letters, an international name in punycode.

    Capital letters, wide letters and a dot at the end make no other name. Names that only look alike, such as one with
    Cyrillic letters, stay different ones. Raises ValueError for a text that names no domain of the internet: a single
    word, an IP address, a URL, forbidden characters, or too long.
    """
    trimmed = text.strip()
    if len(trimmed) > LONGEST_DOMAIN_NAME:  # idna takes long for long texts
        raise ValueError("no name of a domain")
    try:
        name = idna.encode(trimmed, uts46=True, std3_rules=True).decode("ascii").removesuffix(".")
    except idna.IDNAError as error:
        raise ValueError("no name of a domain") from error
    *parents, last = name.split(".")
    if not parents or not last or last.isdigit() or len(name) > LONGEST_DOMAIN_NAME:
        raise ValueError("no name of a domain")
    return name


def parse_email_domain(email: str) -> str:
    """Return the domain of an e-mail address, as `parse_domain_name` spells it. Raises ValueError for no address."""
    mailbox, _at, domain = email.strip().rpartition("@")
    name = parse_domain_name(domain)
    try:
        validate_email(f"{mailbox}@{name}")
    except ValidationError as error:
        raise ValueError("no e-mail address") from error
    return name


def normalize_email_address(text: str) -> str:
    """Return an e-mail address in small letters, as it is stored and compared. Raises ValueError for no address.

    One whose domain has wide or invisible letters is refused too: it would be another address than the one it looks
    like, and its mails would reach the owner of that one or nobody. So are letters beyond ASCII and quotation marks
    before the @, which hide another @ from careless readers.
    """
    email = text.strip().lower()
    mailbox, _at, domain = email.rpartition("@")
    name = parse_email_domain(email)
    if (
        domain not in (name, idna.decode(name))
        or not mailbox.isascii()
        or '"' in mailbox
        or len(email) > LONGEST_ADDRESS
    ):
        raise ValueError("no e-mail address")
    return email


def format_domain_name(name: str) -> str:
    """Return a stored name as readers see it: an international one in its own letters, with the punycode behind.

    Both are shown, because letters of two scripts may look alike, and the punycode then does not.
    """
    if "xn--" not in name:
        return name
    try:
        return f"{idna.decode(name)} ({name})"
    except idna.IDNAError:
        return name


def list_names_above(name: str) -> list[str]:
    """Return a domain's own name and those of the domains above it, down to the last two labels."""
    labels = name.split(".")
    return [".".join(labels[at:]) for at in range(len(labels) - 1)]


def is_public_suffix(name: str) -> bool:
    """Return whether anybody can register names below this one, as below "co.uk" or "github.io".

    Such a name is nobody's own. The list is that of browsers (publicsuffix.org), which the library for passkeys brings.
    """
    shown = idna.decode(name) if "xn--" in name else name  # the list has international names in their own letters
    return not verify_rp_id(shown, f"https://below.{shown}")
