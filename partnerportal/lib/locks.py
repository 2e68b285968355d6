"""Advisory locks of the database: the names of all that the portal takes, and how Python takes one.

An advisory lock guards what no single row stands for: a count, a comparison, a table that is rebuilt. It is held until
the transaction ends. Its number is `portal_lock(kind, id)`, a function of the database, which triggers call with the
kind spelled out; tests/house/test_advisory_locks.py holds them to this list.
"""

from enum import StrEnum, unique

from django.db import connection


@unique
class AdvisoryLock(StrEnum):
    """The names of the advisory locks of the database that the portal uses.

    Each comment says whose id goes with the lock, if any, and what the lock prevents.
    """

    # Python takes these.
    ACCEPTANCES = "acceptances"  # of a customer: many invitations accepted at once would each pass the daily limit
    INVITATIONS = "invitations"  # of an organisation: many sent at once would each pass the limit, or two be accepted
    ACTIVATIONS = "activations"  # of a sender: many activation links at once would each pass the daily limit
    PROOFS = "proofs"  # of a person: many guesses at once would each pass the limit on wrong codes and passwords
    PREFERENCES = "preferences"  # of a person: two choices of notices at once would be mixed
    MESSAGES = "messages"  # of a person: one that is sent twice at once would be told twice
    FACTS = "facts"  # two feeds: what one has compared, the other would change before it is written
    USAGE = "usage"  # two batches of days: a month would be counted from days that are still being written
    ASSIGNMENTS = "assignments"  # two feeds: the earlier one could overwrite who holds a licence by the later one
    CATALOGUE = "catalogue"  # two edits of a catalogue could give one name twice, or make a loop of the tree
    PRODUCT_FIGURES = "product figures"  # two counts of products: both would write the same sums
    DOMAINS = "domains"  # of an organisation: many domains added at once would each pass the limit
    OFFERS = "offers"  # of a publisher: many offers created at once would each pass the limit
    OPERATOR_IMPORTS = "operator imports"  # two files that name the same people would wait for each other's rows
    RELEASE_NEWS = "release news"  # two workers would each tell the vendor of the same customer's requests
    SUMMARIES = "summaries"  # two workers would each mail half of a person's summary
    SEAL = "seal"  # two sealers would both go on from the same link of the log's chain, and one would fail

    # Triggers and functions of the database take these, each in the migration named.
    OPERATORS = "operators"  # of an organisation: two last Admins could remove each other (accounts 0002)
    PARTNER = "partner"  # two new connections below one distributor would miss each other (connections 0002)
    CUSTOMER = "customer"  # a connection, an entitlement and a notice would miss each other (connections, entitlements)
    USAGE_MONTH = "usage month"  # a number like 202611: two would make the same partition (entitlements 0003)

    # Both sides. Of a customer: many requests for trials at once would each pass the daily limit, and an activation
    # link could start a trial of what is requested at the same moment (entitlements 0004).
    TRIAL_REQUESTS = "trial requests"

    # Both sides: the end of a connection shares it (exports 0002), and who begins a file waits for such ends.
    EXPORTS = "exports"  # of an organisation: a file could hold rows of a connection that is just ending


def acquire_lock(lock: AdvisoryLock, row_id: int = 0) -> None:
    """Wait until no other transaction holds the advisory lock, and hold it until this transaction ends.

    `row_id` is the id that goes with the lock, if any. Later queries of this transaction see all that earlier holders
    have written. Raises OperationalError after lock_timeout.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(portal_lock(%s, %s))", [lock, row_id])
