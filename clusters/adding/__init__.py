"""Declaring a cluster by asking it what there is, and its operator for the rest: `manage.py cluster add`.

Decides: nothing by itself; dialogue.py is the order of it. Not: what bootstrap makes of the declaration.
"""
