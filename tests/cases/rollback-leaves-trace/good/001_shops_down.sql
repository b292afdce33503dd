DROP TABLE shops;
DROP ROLE mv_case_anon;
DROP ROLE mv_case_staff;
