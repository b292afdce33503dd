alter table steps add column exact numeric(10, 2);
update steps set exact = position;
update steps set position = round(position);
