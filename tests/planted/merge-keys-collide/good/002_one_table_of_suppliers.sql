alter table suppliers
    add column kind text not null default 'supplier',
    drop constraint suppliers_pkey,
    add primary key (kind, code);

insert into suppliers (kind, code, name) select 'manufacturer', code, name from manufacturers;
drop table manufacturers;
