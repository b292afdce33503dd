alter table reviews
    add constraint reviews_product_fkey foreign key (product_id) references products (id);
