alter table parties add constraint parties_id_kind unique (id, kind);

update payments set payer_kind = parties.kind
from parties where parties.id = payments.payer_id and parties.kind <> payments.payer_kind;

alter table payments
    add constraint payments_payer_kind_fkey foreign key (payer_id, payer_kind) references parties (id, kind);
