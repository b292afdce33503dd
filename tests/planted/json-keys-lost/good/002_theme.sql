-- Nobody has to do without a theme.
update preferences set settings = settings || '{"theme": "light"}' where settings ->> 'theme' is null;
