"""The lists of this app that can be exported (CC-38). Each takes the queryset of its page.

customers  customers and what they have
partners   partners and distributors, with the totals of their customers
usage      the use of licences
requests   licence users, and what is asked of the vendor
activations  pending customers and partners
columns    columns and rules that several of these lists share
"""

from entitlements.exports import activations, customers, partners, requests, usage

LISTS = (*customers.LISTS, *partners.LISTS, *usage.LISTS, *requests.LISTS, *activations.LISTS)
