alter table accounts drop constraint accounts_balance;
insert into accounts values (1, 'ada', -5);
alter table accounts add constraint accounts_balance check (balance >= 0) not valid;
