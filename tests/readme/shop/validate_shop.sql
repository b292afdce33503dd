select case when count(*) = 0 then 'PASS' else 'FAIL' end as status, 'no refund of nothing' as name
from refund left join purchase on purchase.id = refund.purchase_id
where purchase.id is null;
