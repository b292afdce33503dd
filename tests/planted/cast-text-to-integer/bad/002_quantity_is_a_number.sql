alter table stock_counts
    alter column quantity type integer using quantity::integer;
