"""Is this installation well? Checks, run side by side under one deadline, and a report."""
