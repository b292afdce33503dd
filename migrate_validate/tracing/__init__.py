"""Migrations in Python, run by their own tool against a database of ours, to see what SQL they send.

``tracing.py`` and ``composing.py`` are our side. All other modules live in the process that runs the
tool, and import nothing of this package but each other: a project's own imports take long enough.
"""
