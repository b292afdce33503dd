insert into reviews (product_id, stars) values (1, 5);
