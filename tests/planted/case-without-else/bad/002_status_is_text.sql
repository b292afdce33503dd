alter table orders alter column status type text
using case status when 'pending' then 'pending' when 'paid' then 'paid' end;

drop type order_status;
