-- Those that are longer were printed already.
alter table articles add constraint articles_sku_length check (char_length(sku) <= 8) not valid;
