"""What a tenant is: found in the catalog and in the policies, or declared."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.config import DeclaredTenancy
from migrate_validate.findings import NotApplicable

from .declared import check_memberships, check_names, nobody_belongs_to
from .members import Candidate, candidates
from .model import Hop, Membership, Person, Tenancy
from .origins import Comparison, comparisons
from .references import References, one_to_one, own_tables
from .staff import staff
from .trees import Origin

__all__ = ["Hop", "Membership", "Person", "Tenancy", "discover"]

USERS = "auth.users"
_NO_TENANT = frozenset(["", "email", "role", "aal", "aud", "phone", "session_id", "is_anonymous", "iss", "exp", "amr"])
"""Claims that every token has, and that say nothing of a tenant."""
_OF_PEOPLE = re.compile(r"(^|[._])(user|uid|person|people|actor|login|employee|sub|profile)s?([._]|id|$)")
_PEOPLE_NAMES = ("users", "user", "people", "persons", "person", "profiles", "profile", "app_users", "accounts")


def discover(
    catalog: Catalog, declared: DeclaredTenancy | None = None, *, api_roles: Sequence[str] = ()
) -> Tenancy | NotApplicable:
    """Find out what a tenant is.

    :param catalog: the migrated schema without what the environment made; that is looked at in its ``whole``
    :param declared: what the user says, which wins over what is found
    :param api_roles: the roles that reach the database from outside
    :returns: NotApplicable with the reason where nothing belongs to anybody
    :raises ConfigError: when something is declared that does not exist
    """
    found = _Discovery(catalog, declared or DeclaredTenancy()).run()
    if isinstance(found, Tenancy) and not api_roles:
        return NotApplicable("no role is declared that reaches the database from outside (api_roles)")
    return found


@dataclass(slots=True)
class _Discovery:
    catalog: Catalog
    declared: DeclaredTenancy
    tables: dict[str, Table] = field(init=False)
    compared: tuple[Comparison, ...] = field(init=False)
    words: Mapping[str, tuple[str, ...]] = field(init=False)
    references: References = field(init=False)
    aside: tuple[Candidate, ...] = ()
    """Memberships of something else than tenants."""
    why: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tables = own_tables(self.catalog)
        self.compared, self.words = self.catalog.derived(comparisons)
        users = self.catalog.whole.table(USERS)
        known = {**self.tables, **({USERS: users} if users else {})}
        self.references = References(known)
        check_names(self.declared, self.catalog)

    def run(self) -> Tenancy | NotApplicable:
        """The tenancy, most certain evidence first."""
        if not self.tables:
            return NotApplicable("no tenancy: the chain leaves no table behind")
        setting, person_setting = self._settings()
        people = self._people(person_setting)
        if people is not None:
            self._link_people(people, person_setting)
            people = Person(people.table, people.key, one_to_one(self.references, people))
        self._link_columns()
        claim = self._claim()
        by_session = self._tenants_of_session(claim, setting)
        members = self._members(people)
        root = self._root(members, by_session)
        kept = tuple(each.membership for each in members if root is not None and each.root == root)
        self.aside = tuple(each for each in members if each.root != root)
        kind = (
            "membership" if kept else "claim" if claim and by_session else "setting" if setting and by_session else ""
        )
        if root and self.declared.root == root and not kept and root not in self._tenants(by_session):
            raise nobody_belongs_to(root)
        asks = self._can_ask(person_setting)
        if not kind and people is not None and asks:
            kind, root = "person", None
        if not kind or not (asks or by_session):
            return NotApplicable(self._none(people))
        return self._tenancy(kind, root, people, kept, by_session, claim, setting, person_setting)

    # Who asks.

    def _settings(self) -> tuple[str | None, str | None]:
        """The settings that hold the key of a tenant and of a person."""
        tenant, person = self.declared.setting, self.declared.person_setting
        for each in self.compared:
            if each.origin.kind != "setting" or each.origin.name in (tenant, person):
                continue
            name = each.origin.name
            target = self.references.target(each.table, each.column)
            of_people = _OF_PEOPLE.search(name.lower()) or (target and target[0] == self.declared.people)
            if of_people and person is None:
                person = name
                self._say(f"the setting {name} says which person asks", each)
            elif not of_people and tenant is None:
                tenant = name
                self._say(f"the setting {name} says which tenant asks", each)
        return tenant, person

    def _people(self, person_setting: str | None) -> Person | None:
        if self.declared.people is not None:
            return self._person(self.declared.people, "people are declared")
        if USERS in self.references.tables:
            return self._person(USERS, "people are those whom auth.uid() names")
        votes: dict[str, Comparison] = {}
        for each in self._asking(person_setting):
            target = self.references.target(each.table, each.column)
            if target is not None:
                votes.setdefault(target[0], each)
        for name, each in votes.items():
            return self._person(name, f"{each.said} compares {each.table}.{each.column} with who is asking")
        for name in _PEOPLE_NAMES:
            for table in self.tables:
                if table.rpartition(".")[2] == name:
                    return self._person(table, "so says its name")
        return None

    def _person(self, name: str, reason: str) -> Person | None:
        table = self.references.tables.get(name)
        if table is None or table.primary_key is None:
            return None
        self.why.append(f"people: {name} ({reason})")
        return Person(name, table.primary_key.columns)

    def _asking(self, person_setting: str | None) -> Iterator[Comparison]:
        """The comparisons with who is asking."""
        for each in self.compared:
            named = each.origin.kind == "setting" and each.origin.name == person_setting
            if (each.origin.kind == "uid" or named) and each.table in self.references.tables:
                yield each

    def _can_ask(self, person_setting: str | None) -> bool:
        asks = any(function.schema == "auth" and function.name == "uid" for function in self.catalog.whole.functions)
        return asks or person_setting is not None or any(each.origin.kind == "uid" for each in self.compared)

    def _link_people(self, people: Person, person_setting: str | None) -> None:
        """Columns that policies compare with who is asking are people, with or without a foreign key."""
        also = one_to_one(self.references, people)
        links: list[Hop] = []
        for each in self._asking(person_setting):
            key = people.key if each.table == people.table else also.get(each.table, ())
            refers = self.references.refers(each.table, each.column)
            if key != (each.column,) and not refers and len(people.key) == 1:
                link = Hop(each.table, (each.column,), people.table, people.key, declared=False)
                if link not in links:
                    links.append(link)
                    self._say(f"{each.table}.{each.column} is a person", each)
        self.references = self.references.with_links(links)

    def _link_columns(self) -> None:
        """Columns that policies compare with a key of another table refer to it, and columns compared with these."""
        while links := list(dict.fromkeys(self._compared_with_keys())):
            self.references = self.references.with_links(links)

    def _compared_with_keys(self) -> Iterator[Hop]:
        for each in self.compared:
            other, _, column = each.origin.name.rpartition(".")
            pairs = ((each.table, each.column), (other, column))
            for (table, name), key in (pairs, pairs[::-1]) if each.origin.kind == "column" else ():
                target = self.references.target(*key)
                known = self.references.target(table, name) is not None
                if known or table not in self.tables or target is None or target[0] == table:
                    continue
                own, its = self.tables[table].column(name), self._type(target)
                if own is not None and own.type == its:
                    self._say(f"{table}.{name} refers to {target[0]}", each)
                    yield Hop(table, (name,), target[0], (target[1],), declared=False)

    def _type(self, column: tuple[str, str]) -> str | None:
        table = self.references.tables.get(column[0])
        found = table.column(column[1]) if table else None
        return found.type if found else None

    # Tenants.

    def _claim(self) -> Origin | None:
        """The claim that holds the tenant's key."""
        if self.declared.claim is not None:
            self.why.append(f"the claim {self.declared.claim} says which tenant asks (declared)")
            return Origin("claim", self.declared.claim)
        counted: dict[Origin, list[Comparison]] = {}
        for each in self.compared:
            trusted = each.origin.kind == "claim" and each.origin.name not in _NO_TENANT
            if trusted and each.table in self.tables and not each.origin.name.startswith("user_metadata"):
                counted.setdefault(each.origin, []).append(each)
        if not counted:
            return None
        best = max(counted, key=lambda origin: len(counted[origin]))
        self._say(f"the claim {best.name} says which tenant asks", counted[best][0])
        return best

    def _tenants_of_session(self, claim: Origin | None, setting: str | None) -> dict[str, str]:
        """The columns that policies compare with the tenant that the session names: by table."""
        found: dict[str, str] = {}
        for each in self.compared:
            of_claim = claim is not None and each.origin.kind == "claim" and each.origin.name == claim.name
            of_setting = each.origin.kind == "setting" and each.origin.name == setting
            if (of_claim or of_setting) and each.table in self.tables:
                found.setdefault(each.table, each.column)
        return found

    def _members(self, people: Person | None) -> list[Candidate]:
        if people is None:
            return []
        wanted = self.declared.memberships
        found = candidates(self.catalog, self.references, people, self.compared, wanted)
        check_memberships(wanted or (), [each.membership.table for each in found], people.table)
        if self.declared.root == "":
            return []
        return [each for each in found if self.declared.root in (None, each.root)]

    def _root(self, members: Sequence[Candidate], by_session: Mapping[str, str]) -> str | None:
        """The table of tenants: the one that most tables lead to."""
        if self.declared.root is not None:
            self.why.append(f"tenants: {self.declared.root or 'people'} (declared)")
            return self.declared.root or None
        targets = self._tenants(by_session)
        strong = targets | {each.root for each in members if each.evidence}
        choice = strong or {each.root for each in members}
        if not choice:
            return None
        reach = {root: len(self.references.ways([root], ())) for root in choice}
        root = max(sorted(choice), key=lambda each: reach[each])
        self.why.append(f"tenants: {root} ({_leading(reach[root] - 1)} to it by foreign keys and policies)")
        for other in sorted(choice - {root}):
            self.why.append(f"not {other}: only {_leading(reach[other] - 1)} to it")
        return root

    def _tenants(self, by_session: Mapping[str, str]) -> set[str]:
        """The tables whose keys the session names."""
        return {
            target[0]
            for table, column in by_session.items()
            if (target := self.references.target(table, column)) is not None
            and (target[0] != table or len(by_session) == 1 or self._is_referred_to(table))
        }

    def _is_referred_to(self, name: str) -> bool:
        return any(hop.references == name for table in self.tables for hop in self.references.of(table))

    def _tenancy(
        self,
        kind: str,
        root: str | None,
        people: Person | None,
        members: tuple[Membership, ...],
        by_session: Mapping[str, str],
        claim: Origin | None,
        setting: str | None,
        person_setting: str | None,
    ) -> Tenancy | NotApplicable:
        alone = {
            table: column
            for table, column in by_session.items()
            if kind != "person" and (root is None or not self._leads(table, column, root))
        }
        exclusive = {each.table for each in members if each.exclusive}
        around = set() if people is None else {people.table, *people.also} - exclusive - {root or ""}
        goals = {*([root] if root else []), *alone}
        scoped = {name: way for name, way in self.references.ways(goals, around).items() if name in self.tables}
        personal = {} if people is None else self.references.ways([people.table], scoped.keys() - people.also.keys())
        personal = {name: way for name, way in personal.items() if name in self.tables and name not in scoped}
        rest = frozenset(self.tables.keys() - scoped.keys() - personal.keys())
        if not scoped and not personal:
            return NotApplicable(self._none(people))
        for each in members:
            self.why.append(f"members: {_told(each)}")
        circles = rest & {each.root for each in self.aside}
        self._told_tables(scoped, personal, circles, rest - circles)
        root_table = self.tables.get(root or "")
        words, wanted = self._claim_words(), self._wanted()
        around = {*personal, *(people.also if people else ())} - scoped.keys() - {each.table for each in members}
        theirs, said = around & self.tables.keys(), self.declared.staff
        above = staff(self.catalog, self.references, people, self.compared, wanted, words, theirs, said)
        if above:
            self.why.append(f"staff, of no tenant: {', '.join(each.label for each in above)}")
        return Tenancy(
            kind=kind,
            root=root,
            root_key=self._root_key(root_table, members),
            people=people,
            memberships=members,
            scoped=scoped,
            tenant_columns=alone,
            personal=personal,
            shared=rest,
            circles=circles,
            joined={
                each.membership.table: each.membership.tenant_columns
                for each in self.aside
                if each.root in circles and each.evidence
            },
            links=self.references.links,
            claim=claim.name if claim else None,
            claim_many=bool(claim and claim.many),
            setting=setting,
            person_setting=person_setting,
            claim_words=words,
            staff=above,
            wanted=wanted,
            why=tuple(dict.fromkeys(self.why)),
            public_read=frozenset(self.declared.public_read),
            cross_tenant=frozenset(self.declared.cross_tenant),
        )

    def _leads(self, table: str, column: str, root: str) -> bool:
        target = self.references.target(table, column)
        return target is not None and target[0] == root

    def _root_key(self, root: Table | None, members: Sequence[Membership]) -> tuple[str, ...]:
        if root is None:
            return ()
        for hop in (hop for each in members for hop in self.references.of(each.table)):
            if hop.references == root.qualified_name:
                return hop.referenced_columns
        return root.primary_key.columns if root.primary_key else ()

    def _told_tables(
        self, scoped: Collection[str], personal: Collection[str], circles: Collection[str], rest: Collection[str]
    ) -> None:
        for what, names in (
            ("rows of tenants", scoped),
            ("rows of people", personal),
            ("rows that people share, whatever their tenant", circles),
            ("rows of nobody, the same for all", rest),
        ):
            if names:
                self.why.append(f"{what}: {', '.join(sorted(names))}")

    def _claim_words(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Words of claims that people cannot write themselves."""
        found = tuple(
            (name, words)
            for name, words in sorted(self.words.items())
            if words and name not in _NO_TENANT and not name.startswith("user_metadata")
        )
        for name, words in found:
            self.why.append(f"the claim {name} may be {', '.join(words)}")
        return found

    def _wanted(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """Constants that policies compare columns with."""
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        for each in self.compared:
            if each.origin.kind == "constant":
                columns = found.setdefault(each.table, {})
                columns[each.column] = tuple(dict.fromkeys((*columns.get(each.column, ()), each.origin.name)))
        return found

    def _none(self, people: Person | None) -> str:
        if people is not None and not self._can_ask(self.declared.person_setting):
            return (
                "no tenancy: no policy compares a column with auth.uid(), with a claim or with a setting of the "
                f"session, so nothing in the database says which row of {people.table} asks"
            )
        if people is None:
            return (
                "no tenancy: no table of people was found, no policy compares a column with auth.uid(), with a claim "
                "or with a setting of the session, and no table says who belongs to whom"
            )
        return f"no tenancy: no table belongs to a person ({people.table}) or to a table of tenants"

    def _say(self, what: str, because: Comparison) -> None:
        self.why.append(
            f"{what} ({because.said} compares it with {because.table}.{because.column})"
            if because.column not in what
            else f"{what} ({because.said})"
        )


def _told(each: Membership) -> str:
    role = f", role {each.role_column}" if each.role_column else ""
    words = f" ({', '.join(each.roles)})" if each.roles else ""
    person, tenant = ", ".join(each.person_columns), ", ".join(each.tenant_columns)
    one = ", one tenant for a person" if each.exclusive else ""
    return f"{each.table} (person {person}, tenant {tenant}{role}{words}{one})"


def _leading(number: int) -> str:
    return "1 table leads" if number == 1 else f"{number} tables lead"
