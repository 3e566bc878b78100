"""From ``stellwerk.toml`` to the compiled configuration that workers load.

What people type is read and judged by ``load``, with ``schema``, and turned into a file by ``compile``, in a process of
its own. Workers import ``compiled`` and ``references`` alone, which need nothing beyond msgspec.
"""
