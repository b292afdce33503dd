alter table shipments add constraint shipments_whole check ((country is null) = (warehouse is null));
