"""Tells which objects of a database have changed by the versions of their rows in pg_catalog, without reading them.

A row of pg_catalog that is written gets the number of the writing transaction and a place of its own. Where a later
look sees the same numbers and places, it sees the same rows: a run of a server gives out each number once, a
transaction writes to one database and to no place twice, and a copy of a database has them all as the original had. A
look sums them up for each object, as a hash.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg

from migrate_validate.catalog.prepared import execute

REST = 0
"""The key that stands for all of which there is little: roles, schemas, extensions, operators, ..."""

OWNERS = """owners (part, whole) AS (
  SELECT c.oid, CASE c.relkind WHEN 'c' THEN c.reltype ELSE c.oid END
  FROM pg_class AS c
  WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c')
  UNION ALL SELECT c.reltoastrelid, c.oid FROM pg_class AS c WHERE c.oid >= 16384 AND c.reltoastrelid <> 0
  UNION ALL SELECT i.indexrelid, i.indrelid FROM pg_index AS i WHERE i.indexrelid >= 16384
  UNION ALL SELECT p.oid, p.oid FROM pg_proc AS p WHERE p.oid >= 16384
  UNION ALL SELECT t.oid, t.oid FROM pg_type AS t WHERE t.oid >= 16384 AND t.typtype <> 'm'
  UNION ALL SELECT r.rngmultitypid, r.rngtypid FROM pg_range AS r WHERE r.rngtypid >= 16384
  UNION ALL SELECT d.oid, d.adrelid FROM pg_attrdef AS d
  UNION ALL SELECT n.oid, greatest(n.conrelid, n.contypid) FROM pg_constraint AS n WHERE n.oid >= 16384
  UNION ALL SELECT t.oid, t.tgrelid FROM pg_trigger AS t
  UNION ALL SELECT p.oid, p.polrelid FROM pg_policy AS p
  UNION ALL SELECT r.oid, r.ev_class FROM pg_rewrite AS r WHERE r.oid >= 16384
)"""
"""What belongs to which table, view, sequence, function or type; each of these to itself."""

OWNED: tuple[tuple[str, str, str], ...] = (
    ("pg_class", "oid", "v.oid >= 16384"),
    ("pg_attribute", "attrelid", "v.attrelid >= 16384 AND v.attnum > 0"),
    ("pg_attrdef", "oid", "true"),
    ("pg_constraint", "oid", "v.oid >= 16384"),
    ("pg_index", "indexrelid", "v.indexrelid >= 16384"),
    ("pg_inherits", "inhrelid", "true"),
    ("pg_partitioned_table", "partrelid", "true"),
    ("pg_foreign_table", "ftrelid", "true"),
    ("pg_sequence", "seqrelid", "true"),
    ("pg_policy", "oid", "true"),
    ("pg_trigger", "oid", "true"),
    ("pg_rewrite", "oid", "v.oid >= 16384"),
    ("pg_proc", "oid", "v.oid >= 16384"),
    ("pg_aggregate", "aggfnoid", "v.aggfnoid >= 16384"),
    ("pg_type", "oid", "v.oid >= 16384"),
    ("pg_enum", "enumtypid", "true"),
    ("pg_range", "rngtypid", "v.rngtypid >= 16384"),
    ("pg_description", "objoid", "v.objoid >= 16384"),
    # Members of extensions; sequences that belong to columns.
    ("pg_depend", "objid", "v.refclassid = 'pg_extension'::regclass"),
    ("pg_depend", "objid", "v.classid = 'pg_class'::regclass AND v.objid IN (SELECT seqrelid FROM pg_sequence)"),
)
"""Catalogs, the column that names the part, and which rows matter."""

RARE: tuple[tuple[str, str], ...] = (
    *((catalog, "v.oid >= 16384") for catalog in ("pg_cast", "pg_operator", "pg_opclass", "pg_opfamily", "pg_amop")),
    *(
        (catalog, "v.oid >= 16384")
        for catalog in ("pg_amproc", "pg_language", "pg_am", "pg_collation", "pg_conversion")
    ),
    *((catalog, "v.oid >= 16384") for catalog in ("pg_ts_config", "pg_ts_dict", "pg_ts_parser", "pg_ts_template")),
    ("pg_ts_config_map", "v.mapcfg >= 16384"),
    *((catalog, "true") for catalog in ("pg_transform", "pg_statistic_ext", "pg_extension", "pg_event_trigger")),
    *((catalog, "true") for catalog in ("pg_foreign_data_wrapper", "pg_foreign_server", "pg_user_mapping")),
    *((catalog, "true") for catalog in ("pg_publication", "pg_publication_rel", "pg_subscription", "pg_namespace")),
    *((catalog, "true") for catalog in ("pg_authid", "pg_auth_members", "pg_db_role_setting", "pg_tablespace")),
    *((catalog, "true") for catalog in ("pg_default_acl", "pg_init_privs", "pg_shdescription", "pg_seclabel")),
    ("pg_shseclabel", "true"),
    ("pg_database", "v.datname = current_database()"),
    ("pg_depend", "v.refclassid = 'pg_extension'::regclass"),
    (
        "pg_description",
        "v.objoid >= 16384 OR v.classoid IN ('pg_namespace'::regclass, 'pg_extension'::regclass)",
    ),
    # Types that are defined in C.
    (
        "pg_type",
        "v.oid >= 16384 AND (v.typtype = 'b' OR NOT v.typisdefined)"
        " AND v.typsubscript <> 'array_subscript_handler'::regproc",
    ),
    # Privileges on the server's own objects.
    ("pg_class", "v.oid < 16384 AND v.relacl IS NOT NULL"),
    ("pg_attribute", "v.attrelid < 16384 AND v.attacl IS NOT NULL"),
    ("pg_proc", "v.oid < 16384 AND v.proacl IS NOT NULL"),
    ("pg_type", "v.oid < 16384 AND v.typacl IS NOT NULL"),
    ("pg_language", "v.oid < 16384"),
)
"""Catalogs of which there is little, and which rows matter."""

RARE_SINCE_15: tuple[tuple[str, str], ...] = (("pg_publication_namespace", "true"), ("pg_parameter_acl", "true"))
"""Those that PostgreSQL 14 has not."""

VERSION = "hash_record_extended(ROW(v.ctid, v.xmin), v.tableoid::bigint)"
"""The hash of a row's version. Catalogs differ in it: their places and numbers may be alike."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a server stood; whoever sees the same again sees a database in which nothing was written between."""

    run: tuple[Any, ...]
    """The run of the server: its start and its last recovery from a crash; either may give out numbers again."""
    state: tuple[Any, ...]
    """The database, the end of the log, and the transactions that are seen."""


def moment(connection: psycopg.Connection[Any]) -> Moment:
    """Where the server stands for the connection's present transaction."""
    row = connection.execute(
        """
        SELECT
          pg_postmaster_start_time()::text,
          pg_stat_get_bgwriter_stat_reset_time()::text,
          current_database(),
          pg_current_wal_insert_lsn()::text,
          pg_current_snapshot()::text,
          pg_current_xact_id_if_assigned()::text
        """
    ).fetchone()
    assert row is not None
    return Moment(run=(connection.info.host, connection.info.port, *row[:2]), state=tuple(row[2:]))


def versions(connection: psycopg.Connection[Any]) -> Mapping[int, int]:
    """Hashes of the versions of all objects, by oid: tables, views, sequences, functions and types with their parts.

    What is left stands under :data:`REST`. The row and array types that come with tables are there, too. The session
    has :func:`versions_query` prepared as ``versions``.
    """
    row = connection.execute(execute("versions", [])).fetchone()
    assert row is not None
    return dict(struct.iter_unpack(">qq", row[0] or b""))


def dependents(connection: psycopg.Connection[Any], oids: Iterable[int]) -> frozenset[int]:
    """The objects whose definitions refer to tables or views.

    :param oids: those of the tables and views
    :return: their oids, as in :func:`versions`
    """
    rows = connection.execute(
        f"""
        WITH {OWNERS}
        SELECT DISTINCT o.whole::bigint
        FROM owners AS o
        WHERE o.part = ANY (ARRAY(
          SELECT d.objid FROM pg_depend AS d
          WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (%s::oid[])
        ))
        """,
        [list(oids)],
    )
    return frozenset(whole for (whole,) in rows)


@cache
def versions_query(server_version: int) -> bytes:
    """The query that :func:`versions` runs."""
    owned = (f"SELECT v.{part}::oid, {VERSION} FROM {catalog} AS v WHERE {rows}" for catalog, part, rows in OWNED)
    rare = RARE + (RARE_SINCE_15 if server_version >= 150000 else ())
    rest = (f"SELECT {REST}, {VERSION} FROM {catalog} AS v WHERE {rows}" for catalog, rows in rare)
    query = f"""
        WITH {OWNERS},
        parts (part, version) AS (
          SELECT part, bit_xor(version)
          FROM ({" UNION ALL ".join(owned)}) AS rows (part, version)
          GROUP BY part
        ),
        versions (whole, version) AS (
          SELECT o.whole, bit_xor(p.version) FROM parts AS p JOIN owners AS o USING (part) GROUP BY o.whole
          UNION ALL
          SELECT {REST}, bit_xor(version) FROM ({" UNION ALL ".join(rest)}) AS rows (whole, version)
        )
        SELECT string_agg(int8send(whole::bigint) || int8send(version), '') FROM versions
    """
    return query.encode()
