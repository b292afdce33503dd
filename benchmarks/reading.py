"""Reading a thousand migrations of each convention, which is found out, against reading the bytes of the same files."""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from measuring import medians, seconds, show

from migrate_validate import Settings
from migrate_validate.chain.formats import FORMATS
from migrate_validate.chain.reader import read_chain

RUNS = 5
_UP = """-- What customers say of part {n}.
CREATE TABLE review_{n} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL,
    stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    text text NOT NULL DEFAULT '',
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX review_{n}_customer ON review_{n} (customer_id);
COMMENT ON TABLE review_{n} IS 'what customers say; not what they mean';
CREATE FUNCTION count_{n}() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT count(*) FROM review_{n} WHERE stars > 3;
$$;
ALTER TABLE review_{n} ENABLE ROW LEVEL SECURITY;
CREATE POLICY read_{n} ON review_{n} FOR SELECT USING (true);
"""
_DOWN = "DROP FUNCTION count_{n}();\nDROP TABLE review_{n};\n"
_SENDS = """exports.{way} = function(db) {{
  var filePath = path.join(__dirname, 'sqls', '{name}-{way}.sql');
  return new Promise(function(resolve, reject) {{
    fs.readFile(filePath, {{encoding: 'utf-8'}}, function(err, data) {{
      if (err) return reject(err);
      resolve(data);
    }});
  }}).then(function(data) {{
    return db.runSql(data);
  }});
}};
"""
_BY = "2025-01-02T03:04:05Z Somebody <somebody@example.com>"

Files = Iterator[tuple[str, str]]


def texts(count: int) -> Iterator[tuple[int, str, str]]:
    """The number of each migration, its way there and its way back."""
    return ((n, _UP.format(n=n), _DOWN.format(n=n)) for n in range(1, count + 1))


def named(pattern: str, text: str = "{up}") -> Callable[[int], Files]:
    """One file a migration.

    :param pattern: of its name, with ``{n}``, ``{padded}`` (five digits) and ``{time}`` (fourteen)
    :param text: with ``{up}`` and ``{down}``
    """

    def files(count: int) -> Files:
        for n, up, down in texts(count):
            yield name_of(pattern, n), text.replace("{up}", up).replace("{down}", down)

    return files


def name_of(pattern: str, n: int) -> str:
    """The name of one file."""
    return pattern.format(n=n, padded=f"{n:05}", time=f"202501{n:08}")


def paired(up: str, down: str) -> Callable[[int], Files]:
    """Two files a migration, by the patterns of their names."""

    def files(count: int) -> Files:
        for n, there, back in texts(count):
            yield name_of(up, n), there
            yield name_of(down, n), back

    return files


def beside(files: Callable[[int], Files], name: str, text: str) -> Callable[[int], Files]:
    """The same with another file, which marks them."""

    def more(count: int) -> Files:
        yield name, text
        yield from files(count)

    return more


def of_drizzle(count: int) -> Files:
    """Files in the order of a journal."""
    tags = [f"{n:05}_part" for n in range(1, count + 1)]
    entries = [
        {"idx": n, "version": "7", "when": 1000 + n, "tag": tag, "breakpoints": True} for n, tag in enumerate(tags)
    ]
    yield "meta/_journal.json", json.dumps({"version": "7", "dialect": "postgresql", "entries": entries})
    for tag, (_, up, _) in zip(tags, texts(count), strict=True):
        yield f"{tag}.sql", up.replace(";\nC", ";\n--> statement-breakpoint\nC")


def of_db_migrate(count: int) -> Files:
    """Programs that send two files each."""
    for n, up, down in texts(count):
        name = f"202501{n:08}-part"
        yield f"{name}.js", "".join(_SENDS.format(way=way, name=name) for way in ("up", "down"))
        yield f"sqls/{name}-up.sql", up
        yield f"sqls/{name}-down.sql", down


def of_graphile(count: int) -> Files:
    """Files that name the one before them by its hash."""
    previous = "-"
    for n, up, _ in texts(count):
        start = f"{previous}\n" if previous != "-" else "\n"
        digest = "sha1:" + hashlib.sha1((f"{start}{up.strip()}".strip() + "\n").encode()).hexdigest()
        yield f"committed/{n:06}.sql", f"--! Previous: {previous}\n--! Hash: {digest}\n\n{up}"
        previous = digest


def of_sqitch(count: int) -> Files:
    """A plan, and three files a change."""
    yield "sqitch.conf", "[core]\n    engine = pg\n"
    changes = [f"part{n}{f' [part{n - 1}]' if n > 1 else ''} {_BY} # part {n}\n" for n in range(1, count + 1)]
    yield "sqitch.plan", "%syntax-version=1.0.0\n%project=shop\n\n" + "".join(changes)
    for n, up, down in texts(count):
        yield f"deploy/part{n}.sql", f"BEGIN;\n{up}COMMIT;\n"
        yield f"revert/part{n}.sql", f"BEGIN;\n{down}COMMIT;\n"
        yield f"verify/part{n}.sql", f"SELECT id FROM review_{n} WHERE false;\n"


def of_rails(count: int) -> Files:
    """One file with all that so many migrations have made, and their versions."""
    versions = ",\n".join(f"('202501{n:08}')" for n in range(count, 0, -1))
    table = "CREATE TABLE public.schema_migrations (version character varying NOT NULL);\n"
    ups = "".join(up for _, up, _ in texts(count))
    yield "structure.sql", f'{table}{ups}INSERT INTO "schema_migrations" (version) VALUES\n{versions};\n'
    for n in range(1, count + 1):
        yield f"migrate/202501{n:08}_part.rb", "class Part < ActiveRecord::Migration[7.1]\nend\n"


CHAINS: Mapping[str, Callable[[int], Files]] = {
    "db-migrate": of_db_migrate,
    "dbmate": named("{time}_part.sql", "-- migrate:up\n{up}\n-- migrate:down\n{down}"),
    "diesel": beside(paired("migrations/{time}_part/up.sql", "migrations/{time}_part/down.sql"), "diesel.toml", ""),
    "drizzle": of_drizzle,
    "flyway": paired("V{n}__part.sql", "U{n}__part.sql"),
    "golang-migrate": paired("{padded}_part.up.sql", "{padded}_part.down.sql"),
    "goose": named("{padded}_part.sql", "-- +goose Up\n{up}\n-- +goose Down\n{down}"),
    "graphile-migrate": of_graphile,
    "hasura": beside(
        paired("migrations/default/{n}_part/up.sql", "migrations/default/{n}_part/down.sql"),
        "config.yaml",
        "metadata_directory: metadata\n",
    ),
    "node-pg-migrate": named("{time}_part.sql", "-- Up Migration\n{up}\n-- Down Migration\n{down}"),
    "prisma": beside(named("{time}_part/migration.sql"), "migration_lock.toml", 'provider = "postgresql"\n'),
    "python": named("{padded}_part.py", "def up(connection):\n    connection.execute('''{up}''')\n"),
    "rails": of_rails,
    "sql": paired("{padded}_part.sql", "{padded}_part_rollback.sql"),
    "sql-migrate": named("{padded}_part.sql", "-- +migrate Up\n{up}\n-- +migrate Down\n{down}"),
    "sqitch": of_sqitch,
    "sqlx": beside(paired("{time}_part.up.sql", "{time}_part.down.sql"), "sqlx.toml", ""),
    "supabase": beside(named("supabase/migrations/{time}_part.sql"), "supabase/config.toml", ""),
    "yoyo": paired("{padded}_part.sql", "{padded}_part.rollback.sql"),
}
"""The files of a chain, by name and text, for so many migrations."""
ELSEWHERE = {"alembic": "benchmarks/alembic_revisions.py", "django": "the library reads them, in a process of its own"}
"""Where reading is the work of another tool."""


def write(folder: Path, files: Files) -> list[Path]:
    """Write the files of a chain."""
    paths = []
    for name, text in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def measure(name: str, count: int) -> None:
    """Read one chain again and again."""
    with tempfile.TemporaryDirectory() as directory:
        paths = write(Path(directory), CHAINS[name](count))
        folder = Path(directory) / "supabase" if name == "supabase" else Path(directory)
        chain = read_chain(".", Settings(), rootdir=folder)
        if chain.format != name or len(chain.migrations) not in (count, 1 if name == "rails" else count):
            raise SystemExit(f"{name} is read as {chain.format}, with {len(chain.migrations)} migrations")

        def read_bytes() -> None:
            for path in paths:
                path.read_bytes()

        measured = medians(
            {
                "the bytes": lambda: seconds(read_bytes),
                "read_chain": lambda: seconds(lambda: read_chain(".", Settings(), rootdir=folder)),
            },
            RUNS,
        )
    show(
        f"{name}: {count} migrations, {len(paths)} files", measured, against="the bytes", runs=RUNS, goal="at most 1 s"
    )


def main() -> None:
    """Measure all conventions, or some of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="migrations")
    parser.add_argument("--only", nargs="+", choices=sorted(CHAINS), default=sorted(CHAINS))
    options = parser.parse_args()
    left = {each.name for each in FORMATS} - CHAINS.keys() - ELSEWHERE.keys()
    if left:
        raise SystemExit(f"nothing is measured of {', '.join(sorted(left))}")
    for name in options.only:
        measure(name, options.count)


if __name__ == "__main__":
    main()
