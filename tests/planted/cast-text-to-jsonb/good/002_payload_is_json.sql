create function jsonb_or_text(written text) returns jsonb language plpgsql as $$
begin
    return written::jsonb;
exception when others then
    return to_jsonb(written);
end
$$;

alter table webhooks add column document jsonb not null default '{}';
update webhooks set document = jsonb_or_text(payload);
