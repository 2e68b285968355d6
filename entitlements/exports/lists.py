"""What can be exported. Each list takes the queryset of its page, so that a file holds what the page would show.

base       what a list is
usage      use of licences
own        what is not of customers alone
customers  and these are the rest: customers and what they have
"""

from entitlements.exports import customers, own, usage
from entitlements.exports.base import List
from partnerportal.lib.errors import NotFound

LISTS = {each.key: each for each in (*customers.LISTS, *usage.LISTS, *own.LISTS)}


def list_of(key: str) -> List:
    if key not in LISTS:
        raise NotFound("not_found", "")
    return LISTS[key]
