update orders set state = 'new' where state is null;
comment on table orders is 'what was ordered';
analyze orders;
