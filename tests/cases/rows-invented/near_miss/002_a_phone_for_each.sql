-- Rows that an INSERT names.
insert into phones select -users.id, users.id, $$unknown$$ from users cross join generate_series(1, 1);
