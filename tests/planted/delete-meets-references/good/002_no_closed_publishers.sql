delete from publishers
where closed and not exists (select from books where books.publisher_id = publishers.id);
