update shipments set country = null, warehouse = null where country is null or warehouse is null;
alter table shipments add constraint shipments_whole check ((country is null) = (warehouse is null));
