alter table invoices drop constraint invoices_customer;
insert into invoices values (1, 7, 500);
alter table invoices
    add constraint invoices_customer foreign key (customer_id) references customers (id) not valid;
