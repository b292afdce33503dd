create table deliveries_with_street as
select
    deliveries.id,
    deliveries.recipient,
    coalesce((select min(street) from addresses where addresses.recipient = deliveries.recipient), '') as street
from deliveries;

drop table deliveries;
alter table deliveries_with_street rename to deliveries;
alter table deliveries add primary key (id);
