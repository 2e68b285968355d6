"""A believable world for demos, screenshots and measurements; `manage.py sample_data` writes it.

cast.py names the companies and people, and writing.py puts them into the database. facts.py invents what customers have
and ordered, usage.py how much of it they use, holders.py who holds their licences, crowd.py any number of further
customers. offers.py and listings.py hold what publishers sell. Everything follows from names and from today's date, so that every installation shows the same.
"""
