-- How text is sorted, encoded and searched, and what the planner is told to count.
WITH others AS (
  SELECT
    c.oid,
    'pg_collation' AS catalog,
    'collation' AS kind,
    n.nspname AS schema,
    n.nspname || '.' || c.collname AS name,
    pg_get_userbyid(c.collowner) AS owner,
    jsonb_build_object(
      'provider', CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'c' THEN 'libc' WHEN 'b' THEN 'builtin' ELSE 'default' END,
      'deterministic', c.collisdeterministic,
      'encoding', pg_encoding_to_char(nullif(c.collencoding, -1)),
      'collate', c.collcollate::text,
      'ctype', c.collctype::text,
      -- PostgreSQL 17 calls it so, 15 and 16 otherwise.
      'locale', coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale'),
      'rules', to_jsonb(c) ->> 'collicurules',
      'version', c.collversion
    ) AS properties,
    '{}'::text[] AS part_of
  FROM pg_collation AS c
  JOIN pg_namespace AS n ON n.oid = c.collnamespace
  WHERE c.oid >= 16384
  UNION ALL
  SELECT
    c.oid,
    'pg_conversion',
    'conversion',
    n.nspname,
    n.nspname || '.' || c.conname,
    pg_get_userbyid(c.conowner),
    jsonb_build_object(
      'from', pg_encoding_to_char(c.conforencoding),
      'to', pg_encoding_to_char(c.contoencoding),
      'function', c.conproc,
      'default', c.condefault
    ),
    '{}'
  FROM pg_conversion AS c
  JOIN pg_namespace AS n ON n.oid = c.connamespace
  WHERE c.oid >= 16384
  UNION ALL
  SELECT
    c.oid,
    'pg_ts_config',
    'text search configuration',
    n.nspname,
    n.nspname || '.' || c.cfgname,
    pg_get_userbyid(c.cfgowner),
    jsonb_build_object(
      'parser', pn.nspname || '.' || p.prsname,
      'mappings', ARRAY(
        SELECT token.alias || ': ' || string_agg(m.mapdict::regdictionary::text, ', ' ORDER BY m.mapseqno)
        FROM pg_ts_config_map AS m
        JOIN ts_token_type(c.cfgparser) AS token ON token.tokid = m.maptokentype
        WHERE m.mapcfg = c.oid
        GROUP BY token.alias
      )
    ),
    '{}'
  FROM pg_ts_config AS c
  JOIN pg_namespace AS n ON n.oid = c.cfgnamespace
  JOIN pg_ts_parser AS p ON p.oid = c.cfgparser
  JOIN pg_namespace AS pn ON pn.oid = p.prsnamespace
  WHERE c.oid >= 16384
  UNION ALL
  SELECT
    d.oid,
    'pg_ts_dict',
    'text search dictionary',
    n.nspname,
    n.nspname || '.' || d.dictname,
    pg_get_userbyid(d.dictowner),
    jsonb_build_object('template', tn.nspname || '.' || t.tmplname, 'options', d.dictinitoption),
    '{}'
  FROM pg_ts_dict AS d
  JOIN pg_namespace AS n ON n.oid = d.dictnamespace
  JOIN pg_ts_template AS t ON t.oid = d.dicttemplate
  JOIN pg_namespace AS tn ON tn.oid = t.tmplnamespace
  WHERE d.oid >= 16384
  UNION ALL
  SELECT
    p.oid,
    'pg_ts_parser',
    'text search parser',
    n.nspname,
    n.nspname || '.' || p.prsname,
    NULL,
    jsonb_build_object(
      'start', p.prsstart,
      'token', p.prstoken,
      'end', p.prsend,
      'headline', nullif(p.prsheadline, 0)::regproc,
      'types', p.prslextype
    ),
    '{}'
  FROM pg_ts_parser AS p
  JOIN pg_namespace AS n ON n.oid = p.prsnamespace
  WHERE p.oid >= 16384
  UNION ALL
  SELECT
    t.oid,
    'pg_ts_template',
    'text search template',
    n.nspname,
    n.nspname || '.' || t.tmplname,
    NULL,
    jsonb_build_object('init', nullif(t.tmplinit, 0)::regproc, 'lexize', t.tmpllexize),
    '{}'
  FROM pg_ts_template AS t
  JOIN pg_namespace AS n ON n.oid = t.tmplnamespace
  WHERE t.oid >= 16384
  UNION ALL
  SELECT
    s.oid,
    'pg_statistic_ext',
    'statistics',
    n.nspname,
    n.nspname || '.' || s.stxname,
    pg_get_userbyid(s.stxowner),
    -- The server's own target is -1 before PostgreSQL 17 and null since.
    jsonb_build_object('definition', pg_get_statisticsobjdef(s.oid), 'target', nullif(s.stxstattarget, -1)),
    ARRAY[CASE c.relkind WHEN 'm' THEN 'view ' ELSE 'table ' END || cn.nspname || '.' || c.relname]
  FROM pg_statistic_ext AS s
  JOIN pg_namespace AS n ON n.oid = s.stxnamespace
  JOIN pg_class AS c ON c.oid = s.stxrelid
  JOIN pg_namespace AS cn ON cn.oid = c.relnamespace
  WHERE n.nspname !~ '^pg_(temp|toast)'
)
SELECT
  o.*,
  (
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = o.catalog::regclass AND about.objoid = o.oid AND about.objsubid = 0
  ) AS comment
FROM others AS o
WHERE NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = o.catalog::regclass AND d.objid = o.oid AND d.deptype = 'e'
  )
