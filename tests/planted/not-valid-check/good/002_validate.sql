update accounts set balance = 0 where balance < 0;
alter table accounts validate constraint accounts_balance;
