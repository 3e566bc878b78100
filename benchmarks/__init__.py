"""Benchmarks of the gateway: against other gateways, with thousands of streams, over long runs, and in the small."""
