create function auth.tenant() returns uuid language sql stable as
  $$ select (auth.jwt() -> 'app_metadata' ->> 'tenant')::uuid $$;
