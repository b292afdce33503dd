alter table articles alter column sku type varchar(8) using left(sku, 8);
