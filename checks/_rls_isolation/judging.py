"""What the outcomes of probes mean: who can see and change what, and what of it nobody should."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from migrate_validate.catalog.model import Table
from migrate_validate.findings import Severity
from migrate_validate.syntax import quote

from .._shared import count_of
from .ground import Ground, Placed, literal, named, place
from .identities import Identity
from .pointing import is_own, is_private, joined, only_points
from .probes import NOT_PRIVILEGED, Acting, Outcome, Probe, Prober
from .statements import tries
from .tries import Try
from .universes import A, B
from .verdicts import Access, Breach, Deed, Examined
from .wording import Wording

UNIQUE = "23505"
REPLICA = "SET LOCAL session_replication_role = replica"
"""Before a blind deletion that foreign keys refuse: which rows would have gone?"""


def examine(ground: Ground, prober: Prober, acting: Acting, identity: Identity, table: Table) -> Examined:
    """Probe one table as one identity."""
    wanted = list(tries(Wording(ground, table, identity)))
    outcomes = prober.run(acting, [each.probe for each in wanted])
    judge = _Judge(ground, prober, acting, identity, table)
    for tried, outcome in zip(wanted, outcomes, strict=True):
        judge.take(tried, outcome)
    return judge.examined()


def happens_again(ground: Ground, prober: Prober, acting: Acting, table: Table, breach: Breach, before: str) -> bool:
    """Whether something still happens behind a statement that is run above all policies."""
    judge = _Judge(ground, prober, acting, breach.identity, table)
    tried = replace(breach.tried, probe=replace(breach.tried.probe, before=before))
    judge.take(tried, prober.one(acting, tried.probe))
    if any(each.rule == breach.rule for each in judge.breaches):
        return True
    if breach.rule == "privilege-escalation" and judge.candidates:
        return True
    # What is told by comparing what several people did: they still do it.
    wanted = {row.at for row in breach.rows}
    told_of_own = not any(ground.foreign(breach.identity, row) for row in breach.rows)
    done = any(not wanted or wanted & {row.at for row in each.rows} for each in judge.deeds)
    return told_of_own and done and breach.rule != "policy-error"


class _Judge:
    """Collects what one identity can do with one table."""

    def __init__(self, ground: Ground, prober: Prober, acting: Acting, identity: Identity, table: Table) -> None:
        self.ground = ground
        self.prober = prober
        self.acting = acting
        self.identity = identity
        self.table = table
        self.name = table.qualified_name
        self.rows = {row.at: row for row in ground.rows.get(self.name, ())}
        self.anonymous = identity.kind == "anon"
        self.belongs = ground.belongs(self.name)
        self.breaches: list[Breach] = []
        self.candidates: list[tuple[Try, Outcome]] = []
        self.errors: dict[str, str] = {}
        self.touched: dict[str, set[str]] = {}
        self.added: Counter[str] = Counter()
        self.deeds: list[Deed] = []
        self.tried_to_add = False

    def take(self, tried: Try, outcome: Outcome) -> None:
        """Judge one probe."""
        self.tried_to_add |= tried.kind == "add"
        if tried.row and outcome.let_through and outcome.sqlstate == UNIQUE and not self._rewritten(tried):
            tried, outcome = self._with_free_key(tried, outcome)
        if self._is_error(tried, outcome):
            self._error(tried, outcome)
        elif tried.kind == "read":
            self._read(tried, outcome)
        elif tried.kind in ("change", "steal", "delete", "replace"):
            outcome, there = self._unhindered(tried, outcome)
            self._changed(tried, outcome, there)
        elif tried.kind == "move":
            self._moved(tried, outcome)
        elif tried.kind in ("add", "forge", "join"):
            self._inserted(tried, outcome)
        elif tried.kind in ("name", "pass"):
            if (outcome.done and outcome.affected) or (outcome.let_through and not self._rewritten(tried)):
                self.deeds.append(Deed(tried, outcome, tuple(self._gone(outcome))))
        elif outcome.done and outcome.affected:
            self.candidates.append((tried, outcome))

    # Errors.

    def _is_error(self, tried: Try, outcome: Outcome) -> bool:
        """Whether a policy raised an error, rather than a constraint, a trigger, a privilege or the statement."""
        state = outcome.sqlstate or ""
        if not state or state[:2] == "23":
            return False
        if tried.kind == "read":
            return state != NOT_PRIVILEGED or not _about(outcome, self.name)
        if state != "42P17" and not outcome.cancelled and self._trigger(outcome):
            return self._hindered(tried)
        if state == NOT_PRIVILEGED or (outcome.cancelled and tried.command in self.errors):
            return False
        if state == "42P17" or outcome.cancelled:
            return True
        # Above all policies the same statement goes through, or is refused for another reason.
        above = self.prober.one(Acting("none", self.acting.settings), replace(tried.probe, look=None))
        return above.sqlstate != state

    def _hindered(self, tried: Try) -> bool:
        """Whether a trigger fails only because of policies, where nothing else is in the way of its table's own rows.

        What it raises for another reason is its own: triggers may ask who writes, as policies do.
        """
        if tried.aimed or tried.kind not in ("add", "change", "delete") or tried.command in self.errors:
            return False
        # Plans that functions keep are made with the policies or without them, and do not notice what a role becomes.
        unbound = f"ALTER ROLE {quote(self.identity.role)} BYPASSRLS; DISCARD PLANS"
        free = self.prober.one(self.acting, _behind(tried, unbound))
        without = self.prober.one(self.acting, _behind(tried, f"{REPLICA}; DISCARD PLANS"))
        return (free.done or free.let_through) and without.done and without.affected > 0

    def _trigger(self, outcome: Outcome) -> str:
        """The function of the trigger of the table that raised it; empty where none did."""
        called = re.findall(r"^PL/pgSQL function (?:.*\.)?(\S+)\(\) line ", outcome.context, re.MULTILINE)
        names = {trigger.function.rpartition(".")[2] for trigger in self.table.triggers}
        return called[-1] if called and called[-1].strip('"') in names else ""

    def _error(self, tried: Try, outcome: Outcome) -> None:
        if tried.command not in self.errors:
            said = f"{outcome.message} (SQLSTATE {outcome.sqlstate})"
            what = "takes too long, and is cancelled" if outcome.cancelled else f"ends in an error: {said}"
            trigger = "" if tried.kind == "read" or outcome.cancelled else self._trigger(outcome)
            severity = Severity.WARNING if trigger else Severity.ERROR
            self._breach(
                "policy-error", tried, f"{tried.command} {what}", severity=severity, outcome=outcome, trigger=trigger
            )
        self.errors.setdefault(tried.command, outcome.sqlstate or "")

    # Reading.

    def _read(self, tried: Try, outcome: Outcome) -> None:
        if not outcome.done:
            return
        seen = self._places(tried, outcome.told or [])
        self._note(tried, outcome, [self.rows[at] for at in seen if at in self.rows])
        theirs = [self.rows[at] for at in seen if at in self.rows and self.ground.foreign(self.identity, self.rows[at])]
        tenancy = self.ground.tenancy
        declared = self.name in tenancy.public_read or (not self.anonymous and self.name in tenancy.cross_tenant)
        if theirs and not declared:
            rule = "anonymous-read" if self.anonymous else "cross-tenant-read"
            self._breach(rule, tried, f"sees {_whose(self.ground, theirs)}", theirs, outcome=outcome)

    def _places(self, tried: Try, told: Sequence[object]) -> list[str]:
        if not tried.columns:
            return [str(each) for each in told]
        # A role that may read some columns only tells rows by these.
        left = [(at, [row.values[column] for column in tried.columns]) for at, row in self.rows.items()]
        found = []
        for values in told:
            match = next((entry for entry in left if entry[1] == values), None)
            if match:
                left.remove(match)
                found.append(match[0])
        return found

    # Changes.

    def _with_free_key(self, tried: Try, outcome: Outcome) -> tuple[Try, Outcome]:
        """What an insert does where no row has its keys yet: whoever comes first has them."""
        keys = {index.keys for index in self.table.indexes if index.unique}
        taken = frozenset(
            at
            for at, row in self.rows.items()
            if any(all(row.values.get(column) == tried.row.get(column) is not None for column in key) for key in keys)
        )
        if not taken:
            return tried, outcome
        places = ", ".join(map(literal, sorted(taken)))
        gone = f"DELETE FROM {named(self.name)} WHERE {place()} IN ({places})"
        again = f"{REPLICA}; {gone}; SET LOCAL session_replication_role = origin"
        freed = self.prober.one(self.acting, _behind(tried, again))
        return (replace(tried, without=taken), freed) if freed.done else (tried, outcome)

    def _unhindered(self, tried: Try, outcome: Outcome) -> tuple[Outcome, frozenset[str] | None]:
        """What a blind statement does where no foreign key stands in its way, and no other row with the same key.

        Which rows were there, by where they lie; None: all.
        """
        if tried.kind not in ("delete", "steal") or tried.aimed or not outcome.let_through or self._rewritten(tried):
            return outcome, None
        freed = self.prober.one(self.acting, _behind(tried, REPLICA))
        if freed.done or freed.sqlstate != UNIQUE:
            return (freed if freed.done else outcome), None
        for row in self._takeable(tried):
            there = frozenset({row.at, *self._about_itself()})
            kept = f"ARRAY[{', '.join(map(literal, sorted(there)))}]"
            alone = f"{REPLICA}; DELETE FROM {named(self.name)} WHERE NOT {place()} = ANY ({kept})"
            freed = self.prober.one(self.acting, _behind(tried, alone))
            if freed.done:
                return freed, there
        return outcome, None

    def _takeable(self, tried: Try) -> Iterator[Placed]:
        """A row that could be taken over, of each tenant that it is not taken to, and of nobody who asks."""
        into = self.ground.owners(self.name).get(tuple(tried.values.values()), "")
        first = {
            row.universe: row
            for row in reversed(self.rows.values())
            if row.universe in (A, B) and row.universe != into and self.identity.sub not in row.values.values()
        }
        yield from first.values()

    def _about_itself(self) -> Iterator[str]:
        """Where the rows lie that say who it is."""
        return (at for at, row in self.rows.items() if self.identity.sub and self.identity.sub in row.values.values())

    def _changed(self, tried: Try, outcome: Outcome, there: frozenset[str] | None = None) -> None:
        gone = [row for row in self._gone(outcome) if there is None or row.at in there]
        # What refuses an upsert may be about the row that it would have added.
        if tried.aimed and outcome.let_through and tried.kind != "replace" and not self._rewritten(tried):
            gone = [tried.aimed]
        self._note(tried, outcome, gone)
        theirs = [row for row in gone if self.ground.foreign(self.identity, row)]
        nobodys = [row for row in gone if not self.ground.sides(row.universe)]
        rule = "anonymous-write" if self.anonymous else "cross-tenant-write"
        verb = {"delete": "deletes", "steal": "takes over"}.get(tried.kind, "changes")
        if theirs:
            self._breach(rule, tried, f"{verb} {_whose(self.ground, theirs)}", theirs, outcome=outcome)
        elif nobodys and not (self.belongs and any(not row.universe for row in nobodys)):
            severity = Severity.ERROR if self.anonymous else Severity.WARNING
            said = f"{verb} {count_of(len(nobodys), 'row')} that everybody shares"
            self._breach(rule, tried, said, nobodys, severity=severity, outcome=outcome)

    def _moved(self, tried: Try, outcome: Outcome) -> None:
        gone = self._gone(outcome)
        theirs = [row for row in gone if self.ground.foreign(self.identity, row)]
        if theirs:
            self._changed(replace(tried, kind="change"), outcome)
        mine = [row for row in gone if self.ground.own(self.identity, row)]
        there = [values for values in self._new(outcome) if self._foreign_owner(values)]
        if outcome.let_through and not self._rewritten(tried):
            mine, there = [tried.aimed] if tried.aimed else self.ground.own_rows(self.identity, self.name)[:1], [()]
        if there and (mine or outcome.let_through):
            rows = count_of(len(mine) or 1, "row")
            said, severity = f"gives {rows} to others", Severity.ERROR
            if any(each.table == self.name for each in self.ground.tenancy.memberships) and self._is_itself(mine):
                said = "makes itself a member of others"
            elif only_points(self.ground, self.table, own=self._is_itself(mine)):
                said, severity = (
                    f"points {rows} of its own at rows of others",
                    Severity.WARNING,
                )
            self._breach("row-moved", tried, said, mine, severity=severity, outcome=outcome)

    def _is_itself(self, rows: Sequence[Placed]) -> bool:
        """Whether rows are about the identity."""
        return any(self.identity.sub in row.values.values() for row in rows) and self.identity.sub is not None

    def _inserted(self, tried: Try, outcome: Outcome) -> None:
        if outcome.done and outcome.affected:
            owners = self._new(outcome)
        elif outcome.let_through and not self._rewritten(tried):
            owners = [tuple(tried.values.values())]
        else:
            return
        own = is_own(self.ground, self.identity, self.name, tried.row)
        foreign = None if own else next(filter(self._foreign_owner, owners), None)
        theirs = self._like_others(tried.row) if foreign is None else self._rows_of(foreign)
        theirs = theirs or joined(self.ground, self.identity, tried)
        self._note(tried, outcome)
        if not outcome.done and (theirs or self.anonymous):
            return  # Nothing was added: a constraint refused it.
        self.added["others" if theirs else "own" if self.belongs else "shared"] += 1
        if theirs:
            rule = "anonymous-write" if self.anonymous else "cross-tenant-insert"
            said, severity = "adds a row that belongs to others", Severity.ERROR
            if self.identity.sub in tried.row.values() and is_private(self.ground, self.table):
                said, severity = "adds a row of its own that points at rows of others", Severity.WARNING
            elif tried.kind == "join":
                said = "adds itself to others"
            self._breach(rule, tried, said, theirs, severity=severity, outcome=outcome)
        elif self.anonymous:
            severity = Severity.ERROR if self.belongs else Severity.WARNING
            self._breach("anonymous-write", tried, "adds a row", severity=severity, outcome=outcome)

    def _gone(self, outcome: Outcome) -> list[Placed]:
        if outcome.looked is None:
            return []
        left = {str(at) for at, *_ in outcome.looked}
        return [row for at, row in self.rows.items() if at not in left]

    def _new(self, outcome: Outcome) -> list[tuple[str | None, ...]]:
        """What stands in the owner's columns of rows that were not there before."""
        return [tuple(values) for at, *values in outcome.looked or () if at not in self.rows]

    def _foreign_owner(self, values: tuple[str | None, ...]) -> bool:
        universe = self.ground.owners(self.name).get(values)
        return universe is not None and self.ground.foreign(self.identity, Placed(self.name, "", universe, {}))

    def _like_others(self, values: Mapping[str, str | None]) -> list[Placed]:
        """Where no column says whose a row is, as with files: a row of others that names the same people."""
        ground, home = self.ground, self.ground.home(self.identity)
        named = ground.people.intersection(filter(None, values.values()))
        mine = {each.sub for each in ground.universes.actors if not home.isdisjoint(ground.sides(each.universe))}
        if self.belongs or not named.isdisjoint(mine):
            return []
        return [row for row in self.rows.values() if not named.isdisjoint(filter(None, row.values.values()))][:1]

    def _rows_of(self, owner: tuple[str | None, ...]) -> list[Placed]:
        columns = self.ground.owner_columns(self.name)
        rows = self.rows.values()
        return [row for row in rows if tuple(row.values[column] for column in columns) == owner][:1]

    def _rewritten(self, tried: Try) -> bool:
        """Whether triggers may make another row of it before constraints are looked at."""
        return any(
            f"BEFORE {tried.command}" in each.definition or f"OR {tried.command}" in each.definition
            for each in self.table.triggers
            if " BEFORE " in each.definition and each.enabled != "disabled"
        )

    # What is kept.

    def _breach(
        self,
        rule: str,
        tried: Try,
        said: str,
        rows: Iterable[Placed] = (),
        *,
        severity: Severity = Severity.ERROR,
        outcome: Outcome,
        trigger: str = "",
    ) -> None:
        made = Breach(rule, self.name, self.identity, tried, said, tuple(rows), severity, outcome, trigger)
        self.breaches.append(made)

    def _note(self, tried: Try, outcome: Outcome, rows: Iterable[Placed] = ()) -> None:
        deed = Deed(tried, outcome, tuple(rows))
        self.deeds.append(deed)
        self.touched.setdefault(tried.command, set()).update(row.at for row in deed.rows)

    def examined(self) -> Examined:
        """All that was seen."""
        return Examined(
            self.name,
            self.identity,
            tuple(self._accesses()),
            tuple(self.breaches),
            tuple(self.candidates),
            tuple(self.deeds),
            self.tried_to_add,
        )

    def _accesses(self) -> Iterator[Access]:
        may = self.ground.may(self.identity.role, self.name)
        of_own = sum(self.ground.own(self.identity, row) for row in self.rows.values())
        for command in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"):
            access = Access(self.name, command, self.identity.label, command in may, error=self.errors.get(command))
            if command == "INSERT":
                counts = self.added
                yield replace(access, own=counts["own"], others=counts["others"], shared=counts["shared"])
            elif command == "TRUNCATE" and command in may:
                yield replace(access, own=of_own, of_own=of_own, others=len(self.rows) - of_own)
            else:
                rows = [self.rows[at] for at in self.touched.get(command, ()) if at in self.rows]
                own = sum(self.ground.own(self.identity, row) for row in rows)
                others = sum(self.ground.foreign(self.identity, row) for row in rows)
                rest = len(rows) - own - others
                yield replace(access, own=own, of_own=of_own, others=others, shared=rest)


def _about(outcome: Outcome, table: str) -> bool:
    """Whether a privilege is missing on the table itself, and not on what its policies use."""
    return outcome.message.endswith((f" {table.partition('.')[2]}", f" {table.partition('.')[0]}"))


def _behind(tried: Try, text: str) -> Probe:
    """A probe behind one more statement that is run above all policies."""
    before = "; ".join(filter(None, (tried.probe.before, text)))
    return replace(tried.probe, before=before)


def _whose(ground: Ground, rows: Sequence[Placed]) -> str:
    """``2 rows of B``."""
    sides = Counter("/".join(sorted(ground.sides(row.universe))) for row in rows)
    return ", ".join(f"{count_of(number, 'row')} of {side}" for side, number in sorted(sides.items()))
