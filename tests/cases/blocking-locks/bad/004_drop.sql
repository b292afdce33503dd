drop table customers;
drop index orders_state_idx;
