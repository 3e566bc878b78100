"""The model catalogue: what ships, dated and vendored, and what the user puts over it.

``models.json`` is written by ``scripts/build_catalog.py``; ``NOTICE`` says where its contents come from. Only the
compiler of the configuration and the command line read it: workers find the cards of their targets in the compiled
configuration.
"""
