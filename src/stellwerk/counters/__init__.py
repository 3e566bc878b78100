"""Counters: where limits and budgets are counted for all workers together; one file each."""
