"""The conventions of migration files, a module each."""

from __future__ import annotations

from migrate_validate.chain.formats import (
    alembic,
    db_migrate,
    dbmate,
    diesel,
    django,
    drizzle,
    flyway,
    golang_migrate,
    goose,
    graphile,
    hasura,
    node_pg_migrate,
    prisma,
    python_runner,
    rails,
    sqitch,
    sql,
    sql_migrate,
    sqlx,
    supabase,
    yoyo,
)
from migrate_validate.chain.formats.model import Format

FORMATS: tuple[Format, ...] = (
    alembic.FORMAT,
    db_migrate.FORMAT,
    dbmate.FORMAT,
    diesel.FORMAT,
    django.FORMAT,
    drizzle.FORMAT,
    flyway.FORMAT,
    golang_migrate.FORMAT,
    goose.FORMAT,
    graphile.FORMAT,
    hasura.FORMAT,
    node_pg_migrate.FORMAT,
    prisma.FORMAT,
    python_runner.FORMAT,
    rails.FORMAT,
    sqitch.FORMAT,
    sql_migrate.FORMAT,
    sqlx.FORMAT,
    yoyo.FORMAT,
    supabase.FORMAT,
    sql.FORMAT,
)
"""In the order in which they are preferred where several fit and none has a mark of its own; ``sql`` fits all."""
