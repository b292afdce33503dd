alter table shipments drop constraint shipments_warehouse;
alter table shipments
    add constraint shipments_warehouse foreign key (country, warehouse)
    references warehouses (country, code) match full;
