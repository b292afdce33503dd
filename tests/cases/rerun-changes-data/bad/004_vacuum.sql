INSERT INTO plan (name, seats) VALUES ('huge', 1000);
VACUUM plan;
