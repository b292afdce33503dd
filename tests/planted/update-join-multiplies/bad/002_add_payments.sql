-- Payments of the old system are added to the balance once and for all.
update accounts
set balance = balance + payments.amount
from payments
where payments.account_id = accounts.id;
