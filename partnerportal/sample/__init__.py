"""A believable world for demo, screenshots and measuring; `manage.py sample_data` writes it.

cast.py says who there is, writing.py puts them into the database, facts.py invents what customers use and ordered.
Everything follows from names and from today's date, so that every installation shows the same.
"""
