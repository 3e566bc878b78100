"""What keeps a benchmark from measuring at all; failures of the gateway under load are results instead."""


class BenchmarkError(Exception):
    """Nothing can be measured, and the message says why."""
