update products set category_id = null
from categories where categories.id = products.category_id and categories.archived;

delete from categories where archived;
alter table categories drop column archived;
