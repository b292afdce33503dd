-- Profiles are found by handle from now on.
create unique index profiles_handle on profiles (handle);
