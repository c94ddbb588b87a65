"""The document of the API (OpenAPI 3.1), made from the code by drf-spectacular and from the words in this folder.

Decides: what a panel's programmers are told. Not: what the API does (each app's api.py and services).
"""
