update reviews set product_id = null
where not exists (select from products where products.id = reviews.product_id);

alter table reviews
    add constraint reviews_product_fkey foreign key (product_id) references products (id);
