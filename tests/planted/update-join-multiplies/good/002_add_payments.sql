-- Payments of the old system are added to the balance once and for all.
update accounts
set balance = balance + paid.amount
from (select account_id, sum(amount) as amount from payments group by account_id) as paid
where paid.account_id = accounts.id;
