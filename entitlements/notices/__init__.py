"""news: of a customer, to it and everyone connected to it; asked: of the vendor, to its staff, and what came of it."""

from entitlements.notices import asked
from entitlements.notices.news import licences

__all__ = ["asked", "licences"]
