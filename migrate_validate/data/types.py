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

_FEW = range(4, 12)
"""Numbers in values of types whose columns are often unique."""

FIXED: Mapping[str, tuple[tuple[int | str, ...], tuple[int | str, ...]]] = {
    "jsonpath": (
        ("$", "$.a", "$.b", "$[*]", "$.a[0]", "$.a.b", "strict $.a", "$.**", "$[last]", "$ ? (@.a > 1)", '$."a b"'),
        (),
    ),
    "bytea": (("\\x", "\\x00", "\\x61", "\\xff00ff", "\\x62", "\\x41", "\\x6100", "\\xc3a1"), ()),
    "inet": (
        ("127.0.0.1", "10.0.0.0/8", "::1", "10.0.0.1", "10.0.0.1/8", "fe80::1", "::ffff:10.0.0.1", "0.0.0.0"),
        ("255.255.255.255", "::/0"),
    ),
    "cidr": (("127.0.0.0/8", "10.0.0.0/8", "::/0", "10.0.0.1/32", "0.0.0.0/0", "10.0.0.0/16", "fe80::/64"), ()),
    "macaddr": (
        (
            *("00:00:00:00:00:00", "08:00:2b:01:02:03", "02:00:00:00:00:01", "01:00:5e:00:00:01"),
            *(f"08:00:2b:01:02:{number:02x}" for number in _FEW),
        ),
        ("ff:ff:ff:ff:ff:ff",),
    ),
    # Those with ff:fe in the middle are those of macaddr, and the only ones that can be cast to it.
    "macaddr8": (
        (
            *("00:00:00:00:00:00:00:00", "08:00:2b:01:02:03:04:05", "08:00:2b:ff:fe:01:02:03"),
            *(f"08:00:2b:ff:fe:01:02:{number:02x}" for number in _FEW),
        ),
        ("ff:ff:ff:ff:ff:ff:ff:ff",),
    ),
    "tsvector": (("", "'a'", "'a':1 'b':2A", "'b'", "'a' 'b' 'c'"), ()),
    "tsquery": (("'a'", "'a' & 'b'", "", "'a' | !'b'", "'a':*", "'a' <-> 'b'"), ()),
    "xml": (("", "<a/>", "text", "<a>1</a>", '<a b="1"/>', "<a/><b/>"), ()),
    "oid": ((0, 1, *_FEW), (4294967295,)),
    "pg_lsn": (("0/0", "0/1", *(f"0/{number:X}" for number in _FEW)), ("FFFFFFFF/FFFFFFFF",)),
    "point": (
        ("(0,0)", "(1,-1)", "(1,1)", "(0.5,-0.25)", "(13.4,52.5)", "(-180,90)"),
        ("(Infinity,0)", "(NaN,NaN)", "(1e308,-1e308)"),
    ),
    "line": (("{1,0,0}", "{0,1,-1}", "{1,-1,0}", "{0.5,1,2}"), ()),
    "lseg": (("[(0,0),(1,1)]", "[(1,1),(1,1)]", "[(0,0),(0,2)]", "[(1,1),(0,0)]"), ()),
    "box": (("(1,1),(0,0)", "(0,0),(0,0)", "(2,2),(1,1)", "(0.5,2),(-1,0)"), ()),
    "path": (("[(0,0),(1,1)]", "((0,0),(1,1),(1,0))", "[(0,0)]", "((0,0),(1,1))"), ()),
    "polygon": (("((0,0),(1,1),(1,0))", "((0,0))", "((0,0),(0,2),(2,2),(2,0))", "((0,0),(2,2),(2,0),(0,2))"), ()),
    "circle": (("<(0,0),1>", "<(0,0),0>", "<(1,1),1>", "<(0.5,-1),2.5>"), ()),
    "hstore": (("", "a=>1", "a=>NULL", '""=>""', "b=>1", "a=>1, b=>2"), ()),
    "ltree": (("a", "a.b", "", "b", "a.b.c", "A"), ()),
}
"""By type: a few usual values, the simplest first, and the outermost ones, of types of which little has to be known."""
