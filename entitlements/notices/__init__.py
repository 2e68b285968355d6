"""The kinds of notices of this app.

news   news of a customer's services, for the customer and everyone connected to it
asked  what customers ask of the vendor, for its staff, and the answer, for those who asked
"""
