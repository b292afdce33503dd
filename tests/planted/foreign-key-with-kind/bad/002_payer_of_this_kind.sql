alter table parties add constraint parties_id_kind unique (id, kind);

alter table payments
    add constraint payments_payer_kind_fkey foreign key (payer_id, payer_kind) references parties (id, kind);
