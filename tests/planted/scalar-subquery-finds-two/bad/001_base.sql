create table accounts (
    id integer primary key,
    name text not null
);
create table users (
    id integer primary key,
    account_id integer not null references accounts (id),
    email text not null,
    role text not null check (role in ('owner', 'member'))
);
create index users_account on users (account_id);
