create table archive (like purchase including all);
