create domain phone_number as text not null;
alter table contacts alter column phone type phone_number;
