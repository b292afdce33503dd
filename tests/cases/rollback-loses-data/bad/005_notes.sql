DELETE FROM notes a USING notes b WHERE a.line = b.line AND a.ctid > b.ctid;
CREATE TABLE archive AS TABLE notes;
DROP TABLE notes;
