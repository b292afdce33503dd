create table orders (id bigint primary key, customer_id bigint, state varchar(20), total int);
create table customers (id bigint primary key, email varchar(100) constraint email_given check (email <> ''));
create table events (at date not null, kind text) partition by range (at);
create table events_2024 (at date not null, kind text);
create domain positive as int;
create table prices (price positive);
create table moves (at date not null, kind text) partition by range (at);
create table moves_other partition of moves default;
