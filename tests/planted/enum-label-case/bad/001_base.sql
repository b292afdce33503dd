create table stores (
    id integer primary key,
    name text not null
);
create table doors (
    id integer primary key,
    store_id integer not null references stores (id),
    state text not null check (lower(state) in ('open', 'shut'))
);
create index doors_store on doors (store_id);
