"""How PostgreSQL is had: the embedded server's life, and the three roles' SQL.

Decides nothing itself; `migracloud/database.py` is the door for settings, commands and tests. No Django here.
"""
