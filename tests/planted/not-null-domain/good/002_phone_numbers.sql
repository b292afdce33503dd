create domain phone_number as text;
alter table contacts alter column phone type phone_number;
