-- Profiles are found by handle from now on: the oldest one keeps it.
update profiles set handle = null
where exists (select from profiles as older where older.handle = profiles.handle and older.id < profiles.id);

create unique index profiles_handle on profiles (handle);
