-- Types that are defined in C, casts, operators and what indexes make of them, languages, access methods.
WITH others AS (
  SELECT
    t.oid,
    'pg_type' AS catalog,
    CASE WHEN t.typisdefined THEN 'base type' ELSE 'shell type' END AS kind,
    n.nspname AS schema,
    n.nspname || '.' || t.typname AS name,
    pg_get_userbyid(t.typowner) AS owner,
    jsonb_build_object(
      'input', nullif(t.typinput, 0)::regproc,
      'output', nullif(t.typoutput, 0)::regproc,
      'receive', nullif(t.typreceive, 0)::regproc,
      'send', nullif(t.typsend, 0)::regproc,
      'typmod input', nullif(t.typmodin, 0)::regproc,
      'typmod output', nullif(t.typmodout, 0)::regproc,
      'analyze', nullif(t.typanalyze, 0)::regproc,
      'subscript', nullif(t.typsubscript, 0)::regproc,
      'length', t.typlen,
      'passed by value', t.typbyval,
      'alignment', t.typalign,
      'storage', t.typstorage,
      'category', t.typcategory,
      'preferred', t.typispreferred,
      'delimiter', t.typdelim,
      'default', t.typdefault,
      'element', format_type(nullif(t.typelem, 0), NULL),
      'collatable', t.typcollation <> 0
    ) AS properties,
    '{}'::text[] AS part_of
  FROM pg_type AS t
  JOIN pg_namespace AS n ON n.oid = t.typnamespace
  WHERE t.oid >= 16384
    AND (t.typtype = 'b' OR NOT t.typisdefined)
    AND n.nspname !~ '^pg_(temp|toast)'
    AND t.typsubscript <> 'array_subscript_handler'::regproc
  UNION ALL
  SELECT
    c.oid,
    'pg_cast',
    'cast',
    NULL,
    format('(%s AS %s)', format_type(c.castsource, NULL), format_type(c.casttarget, NULL)),
    NULL,
    jsonb_build_object(
      'function', nullif(c.castfunc, 0)::regprocedure,
      'method', CASE c.castmethod WHEN 'f' THEN 'function' WHEN 'i' THEN 'inout' ELSE 'binary coercible' END,
      'context', CASE c.castcontext WHEN 'e' THEN 'explicit' WHEN 'a' THEN 'assignment' ELSE 'implicit' END
    ),
    '{}'
  FROM pg_cast AS c
  WHERE c.oid >= 16384
  UNION ALL
  SELECT
    o.oid,
    'pg_operator',
    'operator',
    n.nspname,
    format(
      '%s.%s (%s, %s)',
      n.nspname,
      o.oprname,
      coalesce(format_type(nullif(o.oprleft, 0), NULL), 'NONE'),
      coalesce(format_type(nullif(o.oprright, 0), NULL), 'NONE')
    ),
    pg_get_userbyid(o.oprowner),
    jsonb_build_object(
      'function', nullif(o.oprcode, 0)::regprocedure,
      'result', format_type(nullif(o.oprresult, 0), NULL),
      'commutator', nullif(o.oprcom, 0)::regoperator,
      'negator', nullif(o.oprnegate, 0)::regoperator,
      'restrict', nullif(o.oprrest, 0)::regproc,
      'join', nullif(o.oprjoin, 0)::regproc,
      'hashes', o.oprcanhash,
      'merges', o.oprcanmerge
    ),
    '{}'
  FROM pg_operator AS o
  JOIN pg_namespace AS n ON n.oid = o.oprnamespace
  WHERE o.oid >= 16384
  UNION ALL
  SELECT
    c.oid,
    'pg_opclass',
    'operator class',
    n.nspname,
    format('%s.%s using %s', n.nspname, c.opcname, am.amname),
    pg_get_userbyid(c.opcowner),
    jsonb_build_object(
      'family', fn.nspname || '.' || f.opfname,
      'type', format_type(c.opcintype, NULL),
      'default', c.opcdefault,
      'storage', format_type(nullif(c.opckeytype, 0), NULL)
    ),
    '{}'
  FROM pg_opclass AS c
  JOIN pg_namespace AS n ON n.oid = c.opcnamespace
  JOIN pg_am AS am ON am.oid = c.opcmethod
  JOIN pg_opfamily AS f ON f.oid = c.opcfamily
  JOIN pg_namespace AS fn ON fn.oid = f.opfnamespace
  WHERE c.oid >= 16384
  UNION ALL
  SELECT
    f.oid,
    'pg_opfamily',
    'operator family',
    n.nspname,
    format('%s.%s using %s', n.nspname, f.opfname, am.amname),
    pg_get_userbyid(f.opfowner),
    jsonb_build_object('operators', operators.listed, 'functions', functions.listed),
    '{}'
  FROM pg_opfamily AS f
  JOIN pg_namespace AS n ON n.oid = f.opfnamespace
  JOIN pg_am AS am ON am.oid = f.opfmethod
  CROSS JOIN LATERAL (
    SELECT
      array_agg(
        format('%s %s', p.amopstrategy, p.amopopr::regoperator)
          || coalesce(' for order by ' || sn.nspname || '.' || s.opfname, '')
      ) AS listed
    FROM pg_amop AS p
    LEFT JOIN pg_opfamily AS s ON s.oid = p.amopsortfamily
    LEFT JOIN pg_namespace AS sn ON sn.oid = s.opfnamespace
    WHERE p.amopfamily = f.oid
  ) AS operators
  CROSS JOIN LATERAL (
    SELECT
      array_agg(
        format(
          '%s (%s, %s) %s',
          p.amprocnum,
          format_type(p.amproclefttype, NULL),
          format_type(p.amprocrighttype, NULL),
          p.amproc::regprocedure
        )
      ) AS listed
    FROM pg_amproc AS p
    WHERE p.amprocfamily = f.oid
  ) AS functions
  WHERE f.oid >= 16384
    -- Members may be added to the server's own families, too.
    OR EXISTS (SELECT FROM pg_amop AS p WHERE p.amopfamily = f.oid AND p.oid >= 16384)
    OR EXISTS (SELECT FROM pg_amproc AS p WHERE p.amprocfamily = f.oid AND p.oid >= 16384)
  UNION ALL
  SELECT
    l.oid,
    'pg_language',
    'language',
    NULL,
    l.lanname,
    pg_get_userbyid(l.lanowner),
    jsonb_build_object(
      'trusted', l.lanpltrusted,
      'handler', nullif(l.lanplcallfoid, 0)::regproc,
      'inline', nullif(l.laninline, 0)::regproc,
      'validator', nullif(l.lanvalidator, 0)::regproc
    ),
    '{}'
  FROM pg_language AS l
  WHERE l.oid >= 16384
  UNION ALL
  SELECT
    a.oid,
    'pg_am',
    'access method',
    NULL,
    a.amname,
    NULL,
    jsonb_build_object('type', CASE a.amtype WHEN 'i' THEN 'index' ELSE 'table' END, 'handler', a.amhandler),
    '{}'
  FROM pg_am AS a
  WHERE a.oid >= 16384
  UNION ALL
  SELECT
    t.oid,
    'pg_transform',
    'transform',
    NULL,
    format('for %s language %s', format_type(t.trftype, NULL), l.lanname),
    NULL,
    jsonb_build_object(
      'from sql', nullif(t.trffromsql, 0)::regprocedure, 'to sql', nullif(t.trftosql, 0)::regprocedure
    ),
    '{}'
  FROM pg_transform AS t
  JOIN pg_language AS l ON l.oid = t.trflang
)
SELECT
  o.*,
  (
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = o.catalog::regclass AND about.objoid = o.oid AND about.objsubid = 0
  ) AS comment
FROM others AS o
-- Not members of extensions (e), nor the casts that come with a range type (i).
WHERE NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = o.catalog::regclass AND d.objid = o.oid AND d.deptype IN ('e', 'i')
  )
