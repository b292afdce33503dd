-- What was written down as text stays; where it is no number nothing was counted.
alter table stock_counts add column pieces integer not null default 0;
update stock_counts set pieces = quantity::integer where quantity ~ '^[0-9]{1,9}$';
