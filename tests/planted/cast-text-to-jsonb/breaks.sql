insert into webhooks (payload) values ('ping');
