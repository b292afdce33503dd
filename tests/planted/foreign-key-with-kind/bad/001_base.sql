create table parties (
    id integer primary key,
    kind text not null check (kind in ('person', 'company')),
    name text not null
);
create table payments (
    id integer primary key,
    payer_id integer not null references parties (id),
    payer_kind text not null check (payer_kind in ('person', 'company')),
    amount numeric(10, 2) not null
);
create index payments_payer on payments (payer_id, payer_kind);
