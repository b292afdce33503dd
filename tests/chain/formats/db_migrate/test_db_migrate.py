"""Chains as db-migrate applies them."""

from __future__ import annotations

from pathlib import Path

from migrate_validate.chain.model import Sends
from migrate_validate.postgres import Server
from tests.chain.formats.chains import Files, applied, aside, read, refused, steps, ways_back
from tests.replay.chains import outcomes, query, replayed

LOADS = """'use strict';

var dbm;
var fs = require('fs');
var path = require('path');

/** exports.up = function(db) { return db.createTable('x'); }; */
exports.setup = function(options, seedLink) {
  dbm = options.dbmigrate;
};

exports.up = function(db) {
  var filePath = path.join(__dirname, 'sqls', 'NAME-up.sql');
  return new Promise( function( resolve, reject ) {
    fs.readFile(filePath, {encoding: 'utf-8'}, function(err,data){
      if (err) return reject(err);
      console.log('received data: ' + data);
      resolve(data);
    });
  })
  .then(function(data) {
    return db.runSql(data);
  });
};

exports.down = function(db) {
  var filePath = path.join(__dirname + '/sqls/NAME-down.sql');
  return new Promise( function( resolve, reject ) {
    fs.readFile(filePath, {encoding: 'utf-8'}, function(err,data){
      if (err) return reject(err);
      resolve(data);
    });
  })
  .then(function(data) {
    return db.runSql(data);
  });
};

exports._meta = {
  "version": 1
};
"""
OTHER = """exports.up = function(db) {
  return db.createTable('pets', { id: 'int' });
};
"""
MORE = LOADS.replace("return db.runSql(data);", "return db.runSql(data).then(() => db.dropTable('x'));", 1)


def files() -> Files:
    return {
        "migrations/20240101000000-users.js": LOADS.replace("NAME", "20240101000000-users"),
        "migrations/sqls/20240101000000-users-up.sql": "CREATE TABLE users (id int);\n",
        "migrations/sqls/20240101000000-users-down.sql": "DROP TABLE users;\n",
        "migrations/20240102000000-mail.js": LOADS.replace("NAME", "20240102000000-mail"),
        "migrations/sqls/20240102000000-mail-up.sql": "ALTER TABLE users ADD COLUMN mail text;\n",
        "migrations/20240103000000-pets.js": OTHER,
        "migrations/20240104000000-more.js": MORE.replace("NAME", "20240104000000-more"),
        "migrations/sqls/20240104000000-more-up.sql": "SELECT 1;\n",
        "database.json": "{}",
    }


def test_what_the_files_of_javascript_send(tmp_path: Path) -> None:
    for path, top in ((".", "migrations/"), ("migrations", "")):
        chain = read(tmp_path, files(), path)
        assert chain.format == "db-migrate"
        assert applied(chain) == [
            f"{top}sqls/20240101000000-users-up.sql",
            f"{top}sqls/20240102000000-mail-up.sql",
        ]
        assert [(each.version, each.name) for each in chain.migrations] == [
            ("20240101000000", "users"),
            ("20240102000000", "mail"),
        ]
        assert ways_back(chain) == {"20240101000000": f"{top}sqls/20240101000000-users-down.sql"}
        assert {each.up.sends for each in chain.migrations} == {Sends.TRANSACTION}
        reason = "a migration in JavaScript that does more than send a file of sqls/: it is not run here"
        assert steps(chain) == {
            f"{top}20240103000000-pets.js": reason,
            f"{top}20240104000000-more.js": reason,
        }
        assert aside(chain) == {
            f"{top}sqls/20240102000000-mail-down.sql": "20240102000000-mail.js sends it on the way back, but there is"
            " no such file",
            f"{top}sqls/20240104000000-more-up.sql": "no file of JavaScript sends it",
        } | ({"database.json": "not in migrations/"} if top else {})


def test_a_file_that_does_not_exist(tmp_path: Path) -> None:
    lost = {name: text for name, text in files().items() if "users-up" not in name}
    assert refused(tmp_path, lost, "migrations") == (
        "db-migrate cannot run these migrations: 20240101000000-users.js sends"
        " sqls/20240101000000-users-up.sql, which does not exist\n"
        "looked at:\n"
        "  ROOT/migrations\n"
        "what to do: restore the files of SQL"
    )


def test_its_table_of_applied_migrations(tmp_path: Path, server: Server) -> None:
    seen: Files = {
        "20240105000000-seen.js": LOADS.replace("NAME", "20240105000000-seen"),
        "sqls/20240105000000-seen-up.sql": "CREATE TABLE seen AS SELECT id, name FROM migrations;\n",
    }
    chain = {name.removeprefix("migrations/"): text for name, text in files().items()} | seen
    with replayed(server, tmp_path, chain) as replay:
        assert outcomes(replay.timeline) == ["applied"] * 3
        assert query(replay, "SELECT string_agg(seen::text, ' ' ORDER BY id) FROM seen") == (
            "(1,/20240101000000-users) (2,/20240102000000-mail)"
        )


def test_what_the_project_says(server: Server, tmp_path: Path) -> None:
    """Its own configuration wins over the commands of package.json."""
    commands = '{"scripts": {"up": "db-migrate up -t one --non-transactional"}}'
    chain = read(tmp_path / "commands", files() | {"package.json": commands})
    assert chain.records is not None
    assert (chain.records.table, {each.up.sends for each in chain.migrations}) == ("one", {Sends.MESSAGE})
    look = "CREATE TABLE seen AS SELECT name FROM done;\n"
    more: Files = {
        "package.json": commands,
        ".db-migraterc": '{"table": "done", "non-transactional": false}',
        "migrations/20240102000000-look.js": LOADS.replace("NAME", "20240102000000-look"),
        "migrations/sqls/20240102000000-look-up.sql": look,
    }
    with replayed(server, tmp_path / "own", files() | more) as replay:
        assert {each.up.sends for each in replay.timeline.chain.migrations} == {Sends.TRANSACTION}
        assert query(replay, "SELECT name FROM seen ORDER BY 1") == "/20240101000000-users"


def test_a_configuration_that_is_no_json(tmp_path: Path) -> None:
    chain = read(tmp_path, files() | {".db-migraterc": "table = done\n"})
    assert chain.notes == (
        ".db-migraterc is not written as JSON and was not read: what it says of the table of applied versions and of"
        " transactions is not known here; write it as JSON",
    )
