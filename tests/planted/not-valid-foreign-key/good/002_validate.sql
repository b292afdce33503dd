update invoices set customer_id = null
where not exists (select from customers where customers.id = invoices.customer_id);
alter table invoices validate constraint invoices_customer;
