"""Proof that operations survive anything: an independent checker, and the matrices that kill, cancel and disturb.

Decides: nothing; the product never imports it. `bin/chaos` runs it.
"""
