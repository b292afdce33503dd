alter table webhooks alter column payload type jsonb using payload::jsonb;
