"""What the hosted service lets ``postgres`` do beyond what PostgreSQL lets a role that is no superuser do.

The service loads an extension, supautils, that carries these statements out as a superuser. Where it is not sure, a
statement counts as let through: a finding is to be right.
"""

from __future__ import annotations

import re

from migrate_validate.syntax import GrammarError, Node, enum_name, parse

from .switching import CONFIGURABLE, RESERVED

_OFFERED = """
    address_standardizer address_standardizer_data_us autoinc bloom btree_gin btree_gist citext cube dblink dict_int
    dict_xsyn earthdistance fuzzystrmatch hstore http hypopg index_advisor insert_username intarray isn ltree
    moddatetime orioledb pg_cron pg_graphql pg_hashids pg_jsonschema pg_net pg_partman pg_prewarm pg_repack
    pg_stat_monitor pg_stat_statements pg_tle pg_trgm pg_walinspect pgaudit pgcrypto pgjwt pgmq pgroonga
    pgroonga_database pgrouting pgrowlocks pgsodium pgstattuple pgtap plcoffee pljava plls plpgsql plpgsql_check plv8
    postgis postgis_raster postgis_sfcgal postgis_tiger_geocoder postgis_topology postgres_fdw refint rum seg sslinfo
    supabase_vault supautils tablefunc tcn timescaledb tsm_system_rows tsm_system_time unaccent uuid-ossp vector
    wrappers
"""
_EXTENSIONS = frozenset(_OFFERED.split())
_SETTINGS = re.compile(
    r"auto_explain\.(log_min_duration|log_nested_statements)|log_lock_waits|log_min_messages|log_min_duration_statement"
    r"|pg_net\.(batch_size|ttl)|pgaudit\.log\w*|pgaudit\.role|pgrst\..*|plan_filter\..*|safeupdate\.enabled"
    r"|session_replication_role|track_io_timing|wal_compression"
)
_GUARDED = frozenset({"auth", "realtime", "storage"})
"""Schemas with tables of the service on which ``postgres`` may write policies, and drop triggers."""
_POLICIES = frozenset({"create_policy", "alter_policy"})
_FREE = frozenset(
    {"create_event_trig", "alter_event_trig", "create_publication", "alter_publication", "create_fdw", "alter_fdw"}
)
_FREE_TO_DROP = frozenset({"OBJECT_EVENT_TRIGGER", "OBJECT_PUBLICATION", "OBJECT_FDW"})
_DROPPED_ON_GUARDED = frozenset({"OBJECT_POLICY", "OBJECT_TRIGGER"})
_SET = frozenset({"alter_role_set", "alter_database_set"})
_EXTENSION_STATEMENTS = frozenset({"create_extension", "alter_extension", "alter_extension_contents"})
_INNER = re.compile(r'SQL statement "(.*?)"\n(?:PL/pgSQL function|SQL function)', re.DOTALL)


def lets(sql: str, context: str | None) -> bool:
    """Whether the service carries out a statement that PostgreSQL refuses to ``postgres``.

    :param sql: the statement
    :param context: where PostgreSQL stopped inside of it: in a DO block or a function, the statement there counts
    """
    inner = _INNER.search(context or "")
    try:
        parsed = parse(inner[1] if inner else sql)
    except GrammarError:
        return False
    return bool(parsed) and all(_lets(each.kind, each.node) for each in parsed)


def _lets(kind: str, node: Node) -> bool:
    if kind in _FREE:
        return True
    if kind in _EXTENSION_STATEMENTS:
        return str(node.extname) in _EXTENSIONS
    if kind in _POLICIES:
        return str(node.table.schemaname) in _GUARDED
    if kind == "drop":
        return _lets_drop(node)
    if kind == "comment" and enum_name("ObjectType", node.objtype) == "OBJECT_EXTENSION":
        return str(node.object.string.sval) in _EXTENSIONS
    if kind == "variable_set":
        return _SETTINGS.fullmatch(node.name) is not None
    if kind == "alter_role_set" and node.role.rolename in RESERVED:
        return False
    if kind in _SET:
        return _SETTINGS.fullmatch(node.setstmt.name) is not None
    if kind in ("create_role", "alter_role"):
        name = node.role if kind == "create_role" else node.role.rolename
        if name in RESERVED | CONFIGURABLE:
            return False
        # Other options than this one are only superusers' before PostgreSQL 16, where the service helps.
        return all(option.def_elem.defname != "superuser" for option in node.options) and bool(node.options)
    return False


def _lets_drop(node: Node) -> bool:
    dropped = enum_name("ObjectType", node.remove_type)
    if dropped in _FREE_TO_DROP:
        return True
    if dropped == "OBJECT_EXTENSION":
        return all(each.string.sval in _EXTENSIONS for each in node.objects)
    if dropped in _DROPPED_ON_GUARDED:
        names = ([item.string.sval for item in each.list.items] for each in node.objects)
        return all(len(parts) == 3 and parts[0] in _GUARDED for parts in names)
    return False
