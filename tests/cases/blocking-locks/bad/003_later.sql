create index concurrently on orders (state);
do $$ begin perform 1; end $$;
