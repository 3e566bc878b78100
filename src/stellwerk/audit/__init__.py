"""The audit log: who changed what, when, from what to what; hash-chained, append-only, verifiable.

Files under ``<state>/audit``: segments ``00000001.jsonl`` and so on, one entry a line in canonical JSON, each with the
hash of the one before; ``head`` with number and hash of the last one; ``lock``, which writers of a host take by turns.

What verification finds: any byte that was changed; entries taken out, put in or exchanged; segments that are missing;
an end that was cut off. What it cannot find by these files alone: that somebody who may write to the folder has made
the whole chain anew with its head, or has removed all of it. Against that a number and a hash are kept elsewhere.
"""
