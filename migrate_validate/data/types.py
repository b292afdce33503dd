"""PostgreSQL's own types, as far as a few words or values say all that has to be known of them."""

from __future__ import annotations

from collections.abc import Mapping

INTEGERS: Mapping[str, int] = {"smallint": 15, "integer": 31, "bigint": 63}
TEXTS = ("text", "character varying", "character", "bpchar", "name", '"char"', "citext")
RANGES: Mapping[str, str] = {
    "int4range": "integer",
    "int8range": "bigint",
    "numrange": "numeric",
    "daterange": "date",
    "tsrange": "timestamp without time zone",
    "tstzrange": "timestamp with time zone",
}
"""Subtypes."""

FIXED: Mapping[str, tuple[tuple[int | str, ...], tuple[int | str, ...]]] = {
    "jsonpath": (("$", "$.a"), ()),
    "bytea": (("\\x", "\\x00", "\\x61", "\\xff00ff"), ()),
    "inet": (("127.0.0.1", "10.0.0.0/8", "::1"), ("255.255.255.255", "::/0")),
    "cidr": (("127.0.0.0/8", "10.0.0.0/8", "::/0"), ()),
    "macaddr": (("00:00:00:00:00:00", "08:00:2b:01:02:03"), ()),
    "macaddr8": (("00:00:00:00:00:00:00:00", "08:00:2b:01:02:03:04:05"), ()),
    "tsvector": (("", "'a'", "'a':1 'b':2A"), ()),
    "tsquery": (("'a'", "'a' & 'b'", ""), ()),
    "xml": (("", "<a/>", "text"), ()),
    "oid": ((0, 1), (4294967295,)),
    "pg_lsn": (("0/0", "0/1"), ()),
    "point": (("(0,0)", "(1,-1)"), ()),
    "line": (("{1,0,0}", "{0,1,-1}"), ()),
    "lseg": (("[(0,0),(1,1)]", "[(1,1),(1,1)]"), ()),
    "box": (("(1,1),(0,0)", "(0,0),(0,0)"), ()),
    "path": (("[(0,0),(1,1)]", "((0,0),(1,1),(1,0))"), ()),
    "polygon": (("((0,0),(1,1),(1,0))", "((0,0))"), ()),
    "circle": (("<(0,0),1>", "<(0,0),0>"), ()),
    "hstore": (("", "a=>1", "a=>NULL", '""=>""'), ()),
    "ltree": (("a", "a.b", ""), ()),
}
"""By type: a few usual values and the outermost ones, of types of which little has to be known."""
