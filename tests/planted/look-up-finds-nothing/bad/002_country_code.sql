alter table customers add column country_code char(2) references countries (code);

update customers set country_code = countries.code
from countries where countries.name = customers.country;

create index customers_country on customers (country_code);
