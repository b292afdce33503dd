alter table orders alter column customer_id set not null, alter column state set default 'new';
