update products set price = 0.01 where price <= 0;
alter table products add constraint products_price_positive check (price > 0);
