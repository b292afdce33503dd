alter table closures
    add constraint closures_apart exclude using gist (during with &&);
