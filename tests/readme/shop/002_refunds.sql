create table refund (purchase_id bigint not null, reason text not null);
insert into refund values (1, 'broken'), (4, 'late');

create function check_reason() returns trigger language plpgsql as $$
begin
    if length(new.reason) < 4 then
        raise exception 'a reason has at least 4 letters';
    end if;
    return new;
end $$;
create trigger refund_reason before insert on refund for each row execute function check_reason();

alter table customer add column nickname text;
alter table customer enable row level security;
create policy "anyone changes anything" on customer for update using (true);
update customer set nickname = 'ada' where email like 'ada@%';
