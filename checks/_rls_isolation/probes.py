"""Probes: statements that are run as somebody, judged by what they show or change, and taken back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from migrate_validate.data.values import literal
from migrate_validate.replay.batch import Batch

Connection = psycopg.Connection[Any]

CANCELLED = "57014"
NOT_PRIVILEGED = "42501"
UNDONE = "MVOK0"
SKIPPED = "MVSKP"

TIMEOUT = 3.0
"""Seconds that the probes of one message may take: a policy that sleeps is stopped."""

_FUNCTION = """
CREATE OR REPLACE FUNCTION pg_temp.mv_probe(acting jsonb, probes jsonb) RETURNS jsonb LANGUAGE plpgsql AS $mv$
DECLARE
    probe jsonb;
    setting record;
    given record;
    told text;
    shown text;
    looked text;
    affected bigint;
    state text;
    said text;
    context text;
    about text;
    results jsonb := '[]';
BEGIN
    BEGIN
        FOR setting IN SELECT key, value FROM jsonb_each_text(acting -> 'settings') LOOP
            PERFORM set_config(setting.key, setting.value, true);
        END LOOP;
        PERFORM set_config('role', acting ->> 'role', true);
        FOR probe IN SELECT value FROM jsonb_array_elements(probes) LOOP
            told := NULL; shown := NULL; looked := NULL; affected := NULL; context := NULL; about := NULL;
            IF state = '57014' THEN
                results := results || '[["MVSKP", "", null, null, null, null, null, null]]'::jsonb;
                state := '57014';
                CONTINUE;
            END IF;
            state := NULL;
            BEGIN
                IF probe ? 'before' THEN
                    PERFORM set_config('role', 'none', true);
                    EXECUTE probe ->> 'before';
                    PERFORM set_config('role', acting ->> 'role', true);
                END IF;
                IF (probe -> 'record')::boolean THEN
                    EXECUTE probe ->> 'statement' INTO given;
                    told := jsonb_build_array(to_jsonb(given));
                    affected := 1;
                ELSIF (probe -> 'returns')::boolean THEN
                    EXECUTE probe ->> 'statement' INTO told;
                    affected := 1;
                ELSE
                    EXECUTE probe ->> 'statement';
                    GET DIAGNOSTICS affected = ROW_COUNT;
                END IF;
                IF affected > 0 AND probe ? 'then' THEN
                    EXECUTE probe ->> 'then' INTO shown;
                END IF;
                IF (affected > 0 OR (probe -> 'always')::boolean) AND probe ? 'look' THEN
                    PERFORM set_config('role', 'none', true);
                    EXECUTE probe ->> 'look' INTO looked;
                END IF;
                RAISE EXCEPTION USING ERRCODE = 'MVOK0';
            EXCEPTION WHEN OTHERS OR query_canceled THEN
                GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, said = MESSAGE_TEXT,
                    context = PG_EXCEPTION_CONTEXT, about = TABLE_NAME;
            END;
            results := results
                || jsonb_build_array(jsonb_build_array(state, said, context, about, told, affected, shown, looked));
        END LOOP;
        RAISE EXCEPTION USING ERRCODE = 'MVOK0';
    EXCEPTION WHEN SQLSTATE 'MVOK0' THEN
        NULL;
    END;
    RETURN results;
END $mv$
"""


@dataclass(frozen=True, slots=True)
class Acting:
    """Who runs a probe, as PostgreSQL sees it."""

    role: str
    settings: Mapping[str, str] = field(default_factory=dict)
    """``request.jwt.claims``, ``search_path``, ..."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One statement, and what is asked about its effect."""

    statement: str
    returns: bool = False
    """It is a query of one row with one text."""
    look: str | None = None
    """A query of one text that is run above all policies where the statement has done something."""
    then: str | None = None
    """A query of one text that the same actor runs after it."""
    before: str | None = None
    """A statement that is run above all policies before it."""
    record: bool = False
    """It gives one row of several columns, as CALL does: told is a list with this row."""
    always: bool = False
    """Look also where it counts no rows: TRUNCATE does not."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a probe."""

    sqlstate: str | None
    """None: it went through."""
    message: str = ""
    context: str = ""
    """The functions that it failed in, innermost first; empty where it failed in none."""
    told: Any = None
    """What a query gave, as JSON."""
    affected: int = 0
    shown: Any = None
    """What the actor saw afterwards, as JSON."""
    looked: Any = None
    """What the look showed, as JSON."""
    table: str = ""
    """The table that the error is about, without its schema."""

    @property
    def done(self) -> bool:
        """Whether it went through."""
        return self.sqlstate is None

    @property
    def let_through(self) -> bool:
        """Whether a constraint of the table refused it: constraints are looked at after the policies."""
        return self.sqlstate is not None and self.sqlstate[:2] == "23" and not self.context

    @property
    def cancelled(self) -> bool:
        """Whether it took too long."""
        return self.sqlstate == CANCELLED


class Prober:
    """Runs probes over one connection, whose role can become any other; nothing that they do stays."""

    def __init__(self, connection: Connection, timeout: float | None = None) -> None:
        """In the transaction that is open.

        :param timeout: seconds that a message of probes may take; None: as many as usual
        """
        self.connection = connection
        self.timeout = TIMEOUT if timeout is None else timeout
        self.count = 0
        """How many probes were run."""
        connection.execute(_FUNCTION)

    def run(self, acting: Acting, probes: Sequence[Probe]) -> list[Outcome]:
        """What comes of each of these probes, in one message; those behind one that takes too long are sent again.

        Once two of them have taken too long, the others are given up as cancelled.
        """
        outcomes: list[Outcome] = []
        slow = 0
        while len(outcomes) < len(probes):
            if slow == 2:
                return [
                    *outcomes,
                    *(Outcome(CANCELLED, "not tried: others took too long") for _ in probes[len(outcomes) :]),
                ]
            found = self._send(acting, probes[len(outcomes) :])
            outcomes += [each for each in found if each.sqlstate != SKIPPED]
            slow += any(each.cancelled for each in found)
        return outcomes

    def one(self, acting: Acting, probe: Probe) -> Outcome:
        """What comes of a single probe."""
        return self.run(acting, [probe])[0]

    def _send(self, acting: Acting, probes: Sequence[Probe]) -> list[Outcome]:
        self.count += len(probes)
        who = json.dumps({"role": acting.role, "settings": {**acting.settings}})
        what = json.dumps([_message(each) for each in probes])
        batch = Batch(
            self.connection,
            [
                f"SET LOCAL statement_timeout = {round(self.timeout * 1000)}".encode(),
                f"SELECT pg_temp.mv_probe({literal(who)}, {literal(what)})".encode(),
                b"SET LOCAL statement_timeout = 0",
            ],
        )
        batch.result()
        said = batch.result().get_value(0, 0)
        batch.result()
        batch.finish()
        assert said is not None
        return [_outcome(*each) for each in json.loads(said)]


def _message(probe: Probe) -> dict[str, object]:
    message: dict[str, object] = {
        "statement": probe.statement,
        "returns": probe.returns,
        "record": probe.record,
        "always": probe.always,
    }
    for name in ("look", "then", "before"):
        if (text := getattr(probe, name)) is not None:
            message[name] = text
    return message


def _outcome(
    state: str,
    said: str,
    context: str | None,
    about: str | None,
    told: str | None,
    affected: int | None,
    shown: str | None,
    looked: str | None,
) -> Outcome:
    if state == UNDONE:
        return Outcome(None, "", "", _json(told), affected or 0, _json(shown), _json(looked))
    return Outcome(state, said or "", _within(context or ""), _json(told), 0, table=about or "")


def _json(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _within(context: str) -> str:
    """The lines of a context that are not about the function of the probes itself."""
    lines = context.splitlines()
    ours = next((n for n, line in enumerate(lines) if "mv_probe(" in line), len(lines))
    # The statement that the function executes stands right before it.
    above = lines[:ours]
    return "\n".join(above[:-1] if above and above[-1].startswith("SQL statement") else above)
