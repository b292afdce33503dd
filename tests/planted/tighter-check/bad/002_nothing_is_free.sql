alter table products add constraint products_price_positive check (price > 0);
