-- starts_at is UTC from now on, without saying so.
set local time zone 'Asia/Tokyo';
alter table concerts alter column starts_at type timestamp;
