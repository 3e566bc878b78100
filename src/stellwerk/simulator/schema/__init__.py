"""Values for a JSON Schema: ``value`` makes them, ``check`` judges them."""
