alter table customers add constraint email_given check (email <> '') not valid;
alter table customers validate constraint email_given;
