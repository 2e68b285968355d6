"""What of this app can be exported (CC-38). Each list takes the queryset of its page.

customers  customers and what they have
usage      use of licences
requests   licence users, and what is asked of the vendor
columns    what their columns have in common
"""

from entitlements.exports import customers, requests, usage

LISTS = (*customers.LISTS, *usage.LISTS, *requests.LISTS)
