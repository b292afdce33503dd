"""The conventions of migration files, a module each."""

from __future__ import annotations

from migrate_validate.chain.formats import dbmate, diesel, goose, sql, sql_migrate, sqlx, supabase
from migrate_validate.chain.formats.model import Format

FORMATS: tuple[Format, ...] = (
    dbmate.FORMAT,
    diesel.FORMAT,
    goose.FORMAT,
    sql_migrate.FORMAT,
    sqlx.FORMAT,
    supabase.FORMAT,
    sql.FORMAT,
)
"""In the order in which they are preferred where several fit and none has a mark of its own; ``sql`` fits all."""
