"""The demo data plane and the scenario of `bin/demo`; the tests use the same data plane.

Decides: what stands in for Proxmox. Not: anything the product does; no product code imports this package.
"""

# The header with which a client of the control channel shows that it may use it.
CONTROL_KEY_HEADER = "X-Control-Key"
CERTIFICATE_DAYS = 90  # that the fake's certificate lasts unless told
