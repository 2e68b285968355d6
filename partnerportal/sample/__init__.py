"""A believable world for demo, screenshots and measuring; `manage.py sample_data` writes it.

cast.py says who there is, writing.py puts them into the database, facts.py invents what customers have and
ordered, usage.py how much of it they use.
Everything follows from names and from today's date, so that every installation shows the same.
"""
