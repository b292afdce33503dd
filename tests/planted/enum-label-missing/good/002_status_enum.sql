create type ticket_status as enum ('new', 'open', 'closed');
alter table tickets drop constraint tickets_status_check;
alter table tickets alter column status type ticket_status using status::ticket_status;
