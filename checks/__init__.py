"""The check modules: a file a subject, a function a rule.

Installed as ``migrate_validate.checks``; imported under any other name this package refuses, because a second copy
would register every rule twice.
"""

if __name__ != "migrate_validate.checks":
    raise ImportError(
        f"this folder is the package migrate_validate.checks and must not be imported as {__name__!r}: "
        "write `from migrate_validate.checks import ...`"
    )
