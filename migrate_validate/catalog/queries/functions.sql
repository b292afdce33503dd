SELECT
  p.oid,
  n.nspname AS schema,
  p.proname AS name,
  oidvectortypes(p.proargtypes) AS arguments,
  CASE p.prokind
    WHEN 'f' THEN 'function' WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'window function'
  END AS kind,
  pg_get_function_arguments(p.oid) AS signature,
  coalesce(pg_get_function_result(p.oid), '') AS returns,
  l.lanname AS language,
  CASE
    WHEN p.prokind = 'a' THEN concat_ws(
      ', ',
      CASE agg.aggkind WHEN 'o' THEN 'ordered set' WHEN 'h' THEN 'hypothetical' END,
      'direct arguments = ' || nullif(agg.aggnumdirectargs, 0),
      'sfunc = ' || agg.aggtransfn::regproc,
      'stype = ' || format_type(agg.aggtranstype, NULL),
      'sspace = ' || nullif(agg.aggtransspace, 0),
      'finalfunc = ' || nullif(agg.aggfinalfn, 0)::regproc,
      'finalfunc_extra = ' || nullif(agg.aggfinalextra, false),
      'finalfunc_modify = ' || agg.aggfinalmodify::text,
      'combinefunc = ' || nullif(agg.aggcombinefn, 0)::regproc,
      'serialfunc = ' || nullif(agg.aggserialfn, 0)::regproc,
      'deserialfunc = ' || nullif(agg.aggdeserialfn, 0)::regproc,
      'initcond = ' || quote_literal(agg.agginitval),
      'msfunc = ' || nullif(agg.aggmtransfn, 0)::regproc,
      'minvfunc = ' || nullif(agg.aggminvtransfn, 0)::regproc,
      'mfinalfunc = ' || nullif(agg.aggmfinalfn, 0)::regproc,
      'mfinalfunc_extra = ' || nullif(agg.aggmfinalextra, false),
      'mfinalfunc_modify = ' || nullif(agg.aggmfinalmodify, agg.aggfinalmodify)::text,
      'msspace = ' || nullif(agg.aggmtransspace, 0),
      'mstype = ' || format_type(nullif(agg.aggmtranstype, 0), NULL),
      'minitcond = ' || quote_literal(agg.aggminitval),
      'sortop = ' || nullif(agg.aggsortop, 0)::regoperator
    )
    WHEN p.prosqlbody IS NOT NULL THEN pg_get_function_sqlbody(p.oid)
    WHEN p.probin IS NOT NULL THEN p.probin || ', ' || p.prosrc
    ELSE p.prosrc
  END AS body,
  p.prosecdef AS security_definer,
  CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END AS volatility,
  p.proisstrict AS strict,
  p.proleakproof AS leakproof,
  CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END AS parallel,
  p.procost AS cost,
  p.prorows AS rows,
  p.proconfig AS settings,
  pg_get_userbyid(p.proowner) AS owner,
  nullif(p.prosupport, 0)::regproc::text AS support,
  ARRAY(SELECT format_type(type, NULL) FROM unnest(p.protrftypes) AS type) AS transforms,
  (
    SELECT about.description FROM pg_description AS about
    WHERE about.classoid = 'pg_proc'::regclass AND about.objoid = p.oid AND about.objsubid = 0
  ) AS comment
FROM pg_proc AS p
JOIN pg_namespace AS n ON n.oid = p.pronamespace
JOIN pg_language AS l ON l.oid = p.prolang
LEFT JOIN pg_aggregate AS agg ON agg.aggfnoid = p.oid
WHERE p.oid >= 16384 AND n.nspname !~ '^pg_(temp|toast)'
  -- Not members of extensions (e), nor the constructors that come with a range type (i).
  AND NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i')
  )
