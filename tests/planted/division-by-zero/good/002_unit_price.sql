alter table order_lines add column unit_price numeric;
update order_lines set unit_price = case when quantity = 0 then total else total / quantity end;
