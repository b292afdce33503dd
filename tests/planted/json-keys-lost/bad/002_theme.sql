-- Nobody has to do without a theme.
update preferences set settings = jsonb_build_object('theme', coalesce(settings ->> 'theme', 'light'));
